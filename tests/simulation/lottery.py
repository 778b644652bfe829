"""Rounds that are drawn by lot: the city applies at the desk, the tick draws, and the model draws again
from what was published.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import effects
import office
from small_city import DAMAGE, HOUR, shown

if TYPE_CHECKING:
    from city_model import Row
    from city_rules import Round
    from life import Life

HEAD = "application_no,round,resident,applied_at"


def announce(life: Life) -> None:
    """A round is planned for which residents apply from now on, and its seed is fixed."""
    city, now = life.city, life.city.now
    if city.is_strict or any(each.is_by_lot and each.granted is None for each in city.rules.rounds):
        return
    round_ = city.plan_round(opens_in=life.chance.choice((2, 4, 20)) * HOUR, is_by_lot=True)
    office.approve(life, round_, "--mode", "lottery", "--registration-opens", shown(now))
    effects.seal(life, round_)
    life.do("draw", "commit", round_.code, trouble=life.trouble())
    apply(life)


def apply(life: Life) -> None:
    """A file of applications, some of them known, some damaged; each is counted."""
    chance, now = life.chance, life.city.now
    open_ = [each for each in life.city.rules.rounds if each.is_by_lot and now < each.opens_at]
    if not open_:
        return
    code, known = open_[0].code, life.applied.setdefault(open_[0].code, [])
    new = [
        (f"{code}-{chance.randint(1, 10_000)}-{at}", code, f"P{chance.randint(1, 30)}", shown(now))
        for at in range(chance.randint(1, 6))
    ]
    doubled = [chance.choice(known)] if known and chance.random() < 0.5 else []
    damaged = [(*new[0][:3], chance.choice(DAMAGE))] if chance.random() < 0.3 else []
    rows = [*new, *doubled, *damaged]
    chance.shuffle(rows)
    name = f"applications-{len(life.done)}.csv"
    Path(name).write_text("\n".join((HEAD, *map(",".join, rows), "")), "utf-8")
    words = ("application", "import", name, "-o", "json")
    batch = life.do(*words, codes=(0, 4), trouble=life.trouble()).data["batch"]
    data = life.do("batch", "show", str(batch), "-o", "json").data
    expected = (len(new), len(doubled), len(damaged))
    counted = tuple(data[each] for each in ("accepted", "duplicate", "rejected"))
    life.agree(f"counts of {name}", expected, counted)
    known += new


def draw(life: Life) -> None:
    """The tick has drawn what was due: the winners are those of the model, and everybody can verify
    it from the files.
    """
    for place, round_ in enumerate(life.city.rules.rounds):
        if round_.is_by_lot and round_.granted is None and round_.opens_at <= life.city.now:
            files = (
                f"draws/town-{round_.code}-certificate.json",
                f"draws/town-{round_.code}-entrants.csv",
            )
            certificate = json.loads(Path(files[0]).read_text("utf-8"))
            won = winners(certificate["seed"], life.applied[round_.code], round_.packs)
            life.agree("winners", [each[0] for each in won], certificate["rest"]["winners"])
            life.do("draw", "verify", files[0], "--entrants", files[1])
            life.city.rules.rounds[place] = _grant(round_, won)
            asked = len({row[2] for row in life.applied[round_.code]})
            effects.tell(life, round_, len(won), asked - len(won))


def winners(seed: str, applications: list[Row], places: int) -> list[Row]:
    """The smallest tickets, one entry a resident: that of the smallest number."""
    entries: dict[str, Row] = {}
    for row in sorted(applications):
        entries.setdefault(row[2], row)
    by_ticket = sorted(entries.values(), key=lambda row: _digest(f"{seed}:{row[0]}"))
    return by_ticket[:places]


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _grant(round_: Round, won: list[Row]) -> Round:
    """Packs are numbered, and claimed at the opening however late the tick comes; which winner has
    which number is nobody's matter.
    """
    numbers = (f"{round_.code}-{number:08d}" for number in range(1, len(won) + 1))
    residents = (row[2] for row in won)
    return round_._replace(
        granted=tuple(
            (number, round_.code, resident, shown(round_.opens_at))
            for number, resident in zip(numbers, residents, strict=True)
        )
    )
