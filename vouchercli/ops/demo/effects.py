"""A lottery in the demo, all of it invented, with an effect that is known because it was put in:
the interval of the estimate is to lie around it.
"""

from __future__ import annotations

from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING

from vouchercli.ops.demo.city import Step, maker, step, unseen

if TYPE_CHECKING:
    from vouchercli.rules.programmes import Programme

CODE = "hz-lottery"
TEMPLATE = "universal-5x10"
ENTRANTS, PACKS = 900, 300
TRUE = 3  # yuan of spending that a yuan of subsidy moves
FACE, COUPONS = 1_000, 5  # fen of a coupon, coupons of a pack
USUAL, OTHERS = 15_000, 8_000  # fen: the mean of what people spend by habit, and of what changes
DRAFTED, OPENS = "2020-04-19 10:00", "2020-04-21 10:00"
ASKED, UNTIL, CLOSED = "2020-04-20 12:00", "2020-04-20 20:00", "2020-04-21 18:00"
CELLS_CAME, ESTIMATED = "2020-05-06 09:01", "2020-05-06 09:02"
SOURCE = "合成数据 SYNTHETIC"
APPLICATIONS, CELLS = f"applications-{CODE}.csv", f"cells-{CODE}.csv"


def files() -> dict[str, str]:
    """Who asked for a pack, and what the platform tells of them in sums: winners and losers by the
    hundred, nobody by himself.
    """
    chance = Random(f"{CODE} 2020")
    rows = [
        f"L{place:05d},{CODE},LOT{place:05d},2020-04-20 10:{minute:02d}:{second:02d}\n"
        for place in range(ENTRANTS)
        for minute, second in [divmod(place, 60)]
    ]
    lines = ["round,arm,arrival,week,stratum,n,y,yy,s,ss,sy,x,xx,xy,xs\n"]
    for arm, people in (("won", PACKS), ("lost", ENTRANTS - PACKS)):
        lines += _cells(chance, arm, people)
    return {
        APPLICATIONS: "application_no,round,resident,applied_at\n" + "".join(rows),
        CELLS: "".join(lines),
    }


def _cells(chance: Random, arm: str, people: int) -> list[str]:
    """The week from the opening on, and the four weeks before it, of an arm."""
    after: list[tuple[int, int, int]] = []
    before: list[tuple[int, int, int]] = []
    for _ in range(people):
        habit = chance.gammavariate(2, USUAL / 2)
        used = FACE * sum(chance.random() < 0.6 for _ in range(COUPONS)) if arm == "won" else 0
        spent = 0.8 * habit + chance.gammavariate(2, OTHERS / 2) + TRUE * used
        after.append((round(spent), used, round(habit)))
        before.append((round(4 * habit + chance.gammavariate(2, OTHERS / 2)), 0, 0))
    return [_cell(arm, 1, after), _cell(arm, -4, before)]


def _cell(arm: str, week: int, every: list[tuple[int, int, int]]) -> str:
    y, s, x = ([*each] for each in zip(*every, strict=True))
    sums = (_yuan(sum(each), 100) for each in (y, s, x))
    total_y, total_s, total_x = sums
    products = [
        _yuan(sum(a * b for a, b in zip(one, two, strict=True)), 10_000)
        for one, two in ((y, y), (s, s), (s, y), (x, x), (x, y), (x, s))
    ]
    yy, ss, sy, xx, xy, xs = products
    values = (total_y, yy, total_s, ss, sy, total_x, xx, xy, xs)
    return ",".join((CODE, arm, "", str(week), "", str(len(every)), *values)) + "\n"


def _yuan(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    return f"{whole}.{rest:0{len(str(unit)) - 1}d}"


def round_steps(programme: Programme) -> list[Step]:
    """The lottery from its draft to its close; how its effect will be estimated is sealed first."""
    checkers = [person.name for person in programme.staff if "checker" in person.roles]
    return [
        maker(
            f"round create {CODE} --template {TEMPLATE} --packs {PACKS} --mode lottery --opens-at",
            OPENS,
            now=DRAFTED,
        ),
        maker(f"effect plan {CODE} --window 1", now=DRAFTED),
        *unseen(
            [
                maker(f"round submit {CODE}", now=DRAFTED),
                step(f"round approve {CODE} --actor {checkers[0]} --now", DRAFTED),
                maker(
                    f"draw commit {CODE} --yes --registration-closes",
                    UNTIL,
                    now=DRAFTED,
                ),
                maker(f"application import {APPLICATIONS}", now=ASKED),
                maker(f"round open {CODE}", now=OPENS),
                maker(f"draw run {CODE}", now=OPENS),
                maker(f"round close {CODE}", now=CLOSED),
            ]
        ),
    ]


def estimate_steps() -> list[Step]:
    """What the platform tells of winners and losers, and what follows."""
    shown = Step(("effect", "estimate", CODE, "--now", ESTIMATED), show="output")
    return [
        maker(f"effect import {CELLS} --source", SOURCE, now=CELLS_CAME),
        *([shown] if find_spec("numpy") else ()),  # some machines have none
    ]
