"""The night: the tick releases what nobody used and backs the file up; and on some day the file is lost
and last night's backup takes its place.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import desks
import ledgers
import seals
from small_city import HOUR, midnight_after, shown

if TYPE_CHECKING:
    from city_model import Row
    from city_rules import Rules
    from corrections import Corrections
    from life import Life
    from payments import Paying
    from seals import Seals


class Kept(NamedTuple):
    """What the office had decided, and which files were in, when the backup was made."""

    backup: Path
    rules: Rules
    applied: dict[str, list[Row]]
    batches: list[int | None]  # of the files of that night, one by one: two may have one name
    stood: set[Row]
    seals: Seals
    corrections: Corrections
    paying: Paying | None  # with the bank: it takes back what it did since, and has to do it again


def pass_night(life: Life) -> None:
    """A tick after midnight; where the city has backups, it makes one. (One that failed for want of
    room is made by a later tick, when other things have happened: it is not the night's.)
    """
    life.city.now = midnight_after(life.city.now) + 2 * HOUR + 60
    last, is_quiet = life.seals.last, _is_quiet(life)
    life.tick()
    if is_quiet:
        seals.remember(life, last)
    for each in ledgers.released(life):
        life.agree(*each)
    stamp = shown(life.city.now).translate({ord("-"): "", ord(":"): "", ord(" "): "-"})
    backup = Path("backups", f"voucher-daily-{stamp}.db")
    if backup.exists():
        batches = [file.batch for file in life.city.files]
        state: tuple[Any, ...] = (life.city.rules, life.applied, batches, life.stood, life.seals)
        life.kept = Kept(backup, *deepcopy((*state, life.corrections, life.paying)))


def _is_quiet(life: Life) -> bool:
    """Whether a tick has nothing to take in or to draw."""
    is_drawn = all(each.granted is not None for each in life.city.rules.rounds if each.is_by_lot)
    return is_drawn and not any(Path("inbox").rglob("*.csv"))


def _put_away_what_was_drawn() -> None:
    """Draws are made again after a restore, and write over no certificate that lies there."""
    for path in Path("draws").glob("*.*"):
        path.rename(path.with_name(f"{path.name}.before"))


def restore(life: Life) -> None:
    """The file is lost; last night's is put in its place, and what came since is imported again."""
    kept, life.kept = life.kept, None
    if kept is None or not kept.backup.exists():  # later ones have taken its place
        return
    life.do("restore", str(kept.backup), "--yes")
    _put_away_what_was_drawn()
    life.city.rules, life.applied, life.stood = kept.rules, kept.applied, kept.stood
    life.seals, life.corrections, life.paying = kept.seals, kept.corrections, kept.paying
    seals.look(life)
    of_then = len(kept.batches)
    later = [file for file in life.city.files[of_then:] if not file.correction]
    life.city.files = [*life.city.files[:of_then], *later]
    missing = [file for file in life.city.files if file.batch is not None]
    batches = [*kept.batches, *[None] * len(later)]
    for file, batch in zip(life.city.files, batches, strict=True):
        file.batch = batch
    for file in missing:
        if file.batch is None:
            desks.take_in(life, file)
