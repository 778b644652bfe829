"""What vouchers did: plans are sealed before rounds open, the platform tells of people with and without
packs in cells, some of them damaged or of too many people, people answer surveys, and what becomes
of each cell, each answer and of the estimate is known.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from city_model import Books
    from city_rules import Round
    from life import Life

SMALLEST = 5
HEAD = "round,arm,arrival,week,n,y,yy,s,ss,sy"
REFUSED = ("cell_too_small", "square_too_small", "more_people_than_here")


class Cell(NamedTuple):
    """A group as it is told, and why it is refused ('': it is not)."""

    arm: str
    week: int
    people: int
    is_damaged: bool
    why: str

    def text(self, code: str, *, is_by_lot: bool) -> str:
        """Everybody spent 100 and used 10, or nothing; of a damaged one the squares are too small."""
        used = 10 * (self.arm == "won")
        squares = 1 if self.is_damaged else 10_000 * self.people
        sums = (100 * self.people, squares, used * self.people, used**2 * self.people)
        products = 100 * used * self.people
        place = "" if is_by_lot else -100 if self.arm == "won" else 100
        return ",".join(map(str, (code, self.arm, place, self.week, self.people, *sums, products)))


@contextmanager
def apart(life: Life, round_: Round) -> Iterator[random.Random]:
    """Chance of its own, so that the rest of a city lives as it did."""
    usual, life.chance = life.chance, random.Random(f"{life.seed}, effect of {round_.code}")
    try:
        yield life.chance
    finally:
        life.chance = usual


def seal(life: Life, round_: Round) -> None:
    """Before the round opens: a lottery's plan, and of every third other round too."""
    with apart(life, round_) as chance:
        if round_.is_by_lot or chance.random() < 0.3:
            _seal(life, round_, chance)


def _seal(life: Life, round_: Round, chance: random.Random) -> None:
    words = ("effect", "plan", round_.code, "--window", "1,2", "--smallest", str(SMALLEST))
    told = life.do(*words, "-o", "json", trouble=chance.choice(("", "kill"))).data
    method = "lottery" if round_.is_by_lot else "arrival"
    life.agree("terms of a plan", (round_.code, method), (told["round"], told["plan"]["method"]))
    life.sealed.add(round_.code)


def measure(life: Life, books: Books) -> None:
    """In the evening, of a round that is not drawn: no more people than have claims."""
    for round_ in life.city.rules.rounds:
        if round_.code in life.sealed and not round_.is_by_lot:
            people = {row[2] for row in books.facts if len(row) == 4 and row[1] == round_.code}
            if len(people) >= SMALLEST:
                life.sealed.remove(round_.code)
                tell(life, round_, len(people), None)


def tell(life: Life, round_: Round, won: int, lost: int | None) -> None:
    """The platform sends its cells, and the estimate is asked."""
    with apart(life, round_) as chance:
        _tell(life, round_, chance, {"won": won, "lost": lost})
        if chance.random() < 0.5:
            _ask(life, round_, chance)


def _tell(life: Life, round_: Round, chance: random.Random, known: dict[str, int | None]) -> None:
    cells = [
        _cell(chance, arm, week, 2 * SMALLEST if people is None else people)
        for week in (1, 2)
        for arm, people in known.items()
    ]
    cells = [_refuse_crowd(each, known[each.arm]) for each in cells]
    name = f"cells-{round_.code}-{len(life.done)}.csv"
    rows = (each.text(round_.code, is_by_lot=round_.is_by_lot) for each in cells)
    Path(name).write_text("\n".join((HEAD, *rows, "")), "utf-8")
    words = ("effect", "import", name, "--source", "the platform", "-o", "json")
    trouble = chance.choice(("", "", "kill", "full", "rehearse"))
    batch = str(life.do(*words, codes=(0, 4), trouble=trouble).data["batch"])
    counted = {why: sum(each.why == why for each in cells) for why in REFUSED}
    expected = {why: rows for why, rows in counted.items() if rows}
    life.agree(f"rejects of {name}", expected, _reasons(life, batch))
    _estimate(life, round_, cells)
    if chance.random() < 0.3:
        life.do("batch", "retry", batch, codes=(0, 4))
        life.agree("rejects judged again", expected, _reasons(life, batch))
    if chance.random() < 0.3:
        life.do("batch", "undo", batch, "--yes")
        told = life.do("effect", "estimate", round_.code, "-o", "json").data
        life.agree("cells of a file that was undone", None, told["cells"])
    life.do("check")


def _reasons(life: Life, batch: str) -> object:
    return life.do("batch", "show", batch, "-o", "json").data["reasons"]


def _cell(chance: random.Random, arm: str, week: int, known: int) -> Cell:
    people = max(1, known + chance.choice((-1, 0, 0, 0, 1)))
    is_damaged = chance.random() < 0.1
    why = ""
    if people < SMALLEST:
        why = "cell_too_small"
    elif is_damaged:
        why = "square_too_small"
    return Cell(arm, week, people, is_damaged, why)


def _refuse_crowd(cell: Cell, known: int | None) -> Cell:
    """No arm and week tells of more people than are known."""
    is_crowd = not cell.why and known is not None and cell.people > known
    return cell._replace(why="more_people_than_here") if is_crowd else cell


def _estimate(life: Life, round_: Round, cells: list[Cell]) -> None:
    """Never a point: nothing is told of the time before."""
    told = life.do("effect", "estimate", round_.code, "-o", "json").data
    fit = [each for each in cells if not each.why]
    reasons = {each["reason"] for each in told["estimates"]}
    refused = {"rejects"} if fit else {"no_cells"}
    expected = {"no_placebo"} if len(fit) == len(cells) else refused
    life.agree(f"why no point is given of {round_.code}", expected, reasons)
    life.count("effects estimated")


# ---------------------------------------------------------------- surveys

QUESTIONS = ("used", "ordinary", "by_voucher", "of_own")


class Answer(NamedTuple):
    """What somebody answered, in fen, how many people that stands for, and why it is refused."""

    stratum: str
    weight: int
    fen: tuple[int, int, int, int]
    why: str

    def text(self, code: str) -> str:
        """Its row."""
        yuan = (f"{each / 100:.2f}" for each in self.fen)
        return ",".join((code, self.stratum, str(self.weight), "1", *yuan))


def _ask(life: Life, round_: Round, chance: random.Random) -> None:
    """People are asked, and what they say is added up."""
    answers = [_answer(chance) for _ in range(chance.randint(4, 12))]
    name = f"survey-{round_.code}-{len(life.done)}.csv"
    head = f"round,stratum,weight,answers,{','.join(QUESTIONS)}"
    rows = (each.text(round_.code) for each in answers)
    Path(name).write_text("\n".join((head, *rows, "")), "utf-8")
    words = ("effect", "import", name, "--source", "the bureau", "-o", "json")
    trouble = chance.choice(("", "", "kill", "full", "rehearse"))
    batch = str(life.do(*words, codes=(0, 4), trouble=trouble).data["batch"])
    expected = dict(Counter(each.why for each in answers if each.why))
    life.agree(f"rejects of {name}", expected, _reasons(life, batch))
    _agree_on_survey(life, round_, [each for each in answers if not each.why])
    if chance.random() < 0.3:
        life.do("batch", "undo", batch, "--yes")
        told = life.do("effect", "estimate", round_.code, "-o", "json").data
        life.agree("a survey that was undone", None, told.get("survey"))
    life.count("surveys asked")


def _answer(chance: random.Random) -> Answer:
    used = chance.choice((0, 1_000, 2_550, 5_000, 5_000, 9_999))
    ordinary = chance.randint(0, used)
    own = chance.choice((-100, 0, 700, 3_000, 12_345))
    # amounts are read before it is asked whether any was used
    why = "below_zero" if own < 0 else "" if used else "not_above_zero"
    return Answer(
        chance.choice(("", "old")),
        chance.randint(1, 9),
        (used, ordinary, used - ordinary, own),
        why,
    )


def _agree_on_survey(life: Life, round_: Round, fit: list[Answer]) -> None:
    """Sums as weighted, and (B + C) / D."""
    told = life.do("effect", "estimate", round_.code, "-o", "json").data.get("survey")
    if not fit:
        life.agree("a survey without an answer", None, told)
        return
    used, ordinary, voucher, own = (
        sum(each.weight * each.fen[place] for each in fit) for place in range(4)
    )
    keys = ("answers", "used_fen", "ordinary_fen", "voucher_fen", "own_fen")
    life.agree(
        f"survey of {round_.code}",
        (len(fit), used, ordinary, voucher, own),
        tuple(told[key] for key in keys),
    )
    share = Fraction(voucher + own, used)
    life.agree("additional spending", True, abs(share - Fraction(told["effect"])) <= _HALF)
    if told["low"] is not None:
        is_within = (
            Fraction(told["low"]) <= share + _HALF and share <= Fraction(told["high"]) + _HALF
        )
        life.agree("the interval of a survey", True, is_within)


_HALF = Fraction(1, 20_000)  # of the fourth decimal
