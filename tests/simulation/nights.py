"""The night: the tick releases what nobody used and backs the file up; and on some day the file is lost
and last night's backup takes its place.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import desks
from small_city import HOUR, midnight_after

if TYPE_CHECKING:
    from city_model import Row
    from city_rules import Rules
    from life import Life


class Kept(NamedTuple):
    """What the office had decided, and which files were in, when the backup was made."""

    backup: Path
    rules: Rules
    applied: dict[str, list[Row]]
    batches: dict[str, int | None]
    stood: set[Row]


def pass_night(life: Life) -> None:
    """A tick after midnight; where the city has backups, it makes one, if its disk has room."""
    life.city.now = midnight_after(life.city.now) + 2 * HOUR + 60
    life.tick()
    newest = _newest()
    if newest is not None and newest != life.newest_backup:
        life.newest_backup = newest
        batches = {file.name: file.batch for file in life.city.files}
        state: tuple[Any, ...] = (life.city.rules, life.applied, batches, life.stood)
        life.kept = Kept(newest, *deepcopy(state))


def _newest() -> Path | None:
    return max(Path("backups").glob("*.db"), key=lambda path: path.name, default=None)


def restore(life: Life) -> None:
    """The file is lost; last night's is put in its place, and what came since is imported again."""
    kept, life.kept = life.kept, None
    if kept is None:
        return
    life.do("restore", str(kept.backup), "--yes")
    life.city.rules, life.applied, life.stood = kept.rules, kept.applied, kept.stood
    missing = [file for file in life.city.files if file.batch is not None]
    for file in life.city.files:
        file.batch = kept.batches.get(file.name)
    for file in missing:
        if file.batch is None:
            desks.take_in(life, file)
