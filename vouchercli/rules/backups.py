"""What backups are called, which of them the clock keeps, and when the next one is due."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = 86_400
# After a failure the clock waits: a copy and its check take minutes of the disk, and a disk that is
# full or not mounted is seldom mended within one. Within the two days after which `doctor` warns of
# an old backup it is tried 48 times.
PAUSE = 3_600
NAME = re.compile(
    r"(?P<stem>.+)-(?P<kind>daily|backup)(?P<rehearsal>-rehearsal)?(?P<unsound>-unsound)?"
    r"-(?P<day>\d{8})-(?P<time>\d{6})\.db(?P<age>\.age)?"
)


class Backup(NamedTuple):
    """A backup by its name: of which database, by the clock (`is_daily`) or by hand, of a file for
    rehearsals, of one whose check failed, and its local moment as digits.
    """

    name: str
    stem: str
    is_daily: bool
    is_rehearsal: bool
    is_unsound: bool
    day: str
    time: str


def name(
    stem: str, at: int, zone: str, *, daily: bool, rehearsal: bool, unsound: bool, age: bool
) -> str:
    """The name of a backup made at `at` (UTC seconds): `voucher-backup-20200420-090000.db`."""
    moment = times.shown(at, zone)[:19].replace("-", "").replace(":", "").replace(" ", "-")
    kind = "-daily" if daily else "-backup"
    marks = ("-rehearsal" if rehearsal else "") + ("-unsound" if unsound else "")
    return f"{stem}{kind}{marks}-{moment}.db{'.age' if age else ''}"


def read(name: str) -> Backup | None:
    """A backup by its name; None when it is none of ours."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    return Backup(
        name,
        found["stem"],
        found["kind"] == "daily",
        bool(found["rehearsal"]),
        bool(found["unsound"]),
        found["day"],
        found["time"],
    )


def dailies(names: Iterable[str], stem: str) -> list[Backup]:
    """The backups that the clock made of a database, the newest first."""
    backups = filter(None, map(read, names))
    ours = (each for each in backups if each.is_daily and each.stem == stem)
    return sorted(ours, key=lambda each: (each.day, each.time), reverse=True)


def to_remove(names: Iterable[str], stem: str, *, daily: int, monthly: int) -> list[str]:
    """The backups of the clock that are kept no longer: all but the newest of each of the last
    `daily` days and of the last `monthly` months that have one. Those made by hand stay; of those
    whose check failed the last `daily` days stay, and none of them takes the place of a sound one.
    """
    found = dailies(names, stem)
    kept: set[str] = set()
    for is_unsound in (False, True):
        alike = [each for each in found if each.is_unsound is is_unsound]
        kept |= _newest(alike, 8, daily)
        if not is_unsound:
            kept |= _newest(alike, 6, monthly)
    return [each.name for each in found if each.name not in kept]


def _newest(backups: list[Backup], digits: int, count: int) -> set[str]:
    """The newest backup of each of the last periods: a day has 8 digits, a month 6."""
    newest: dict[str, str] = {}
    for each in backups:
        newest.setdefault(each.day[:digits], each.name)
    return set(list(newest.values())[:count])


def is_due(names: Iterable[str], stem: str, now: int, zone: str, hour: int) -> bool:
    """Whether the clock has made no backup since `hour` o'clock last came (local time)."""
    shown = times.shown(now, zone)
    if int(shown[11:13]) < hour:
        shown = times.shown(now - DAY, zone)
    since = shown[:10].replace("-", ""), f"{hour:02d}0000"
    return not any((each.day, each.time) >= since for each in dailies(names, stem))


def is_waiting(failed_at: int, now: int) -> bool:
    """Whether the clock still waits since a backup failed at `failed_at`."""
    return 0 <= now - failed_at < PAUSE
