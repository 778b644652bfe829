"""Where the clock's backups go and how many stay: `backups.yaml` beside the database, where
somebody wrote one. Without it the clock makes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.formats.configs import beside

if TYPE_CHECKING:
    from vouchercli.documents import Fault

FILE = "backups.yaml"
FOLDER = "backups"
KEYS = ("folder", "daily", "monthly", "hour", "recipients")
LAST_HOUR = 23


@dataclass(frozen=True)
class Settings:
    """`folder`: where backups go, beside the database unless it begins with /. `daily`, `monthly`:
    of how many days and months one stays. `hour`: the local hour from which the day's backup is
    due. `recipients`: for whom backups are encrypted. `is_written`: whether there is such a file.
    """

    folder: str = FOLDER
    daily: int = 7
    monthly: int = 12
    hour: int = 2
    recipients: tuple[str, ...] = ()
    is_written: bool = True

    @property
    def is_elsewhere(self) -> bool:
        """Whether the folder is not beside the database."""
        return Path(self.folder).expanduser().is_absolute()

    def place(self, path: Path) -> Path:
        """The folder of the backups of the database at `path`."""
        return path.resolve().parent / Path(self.folder).expanduser()


def of_database(path: Path) -> Settings:
    """The settings beside the database at `path`. Raises as `beside.settings`."""
    return beside.settings(path, FILE, read, Settings(is_written=False))


def digest(path: Path) -> str:
    """What tells apart two states of the settings beside the database at `path`; '' where they
    cannot be read.
    """
    try:
        return sha256(path.resolve().with_name(FILE).read_bytes()).hexdigest()
    except OSError:
        return ""


def read(value: Any) -> tuple[Settings, list[Fault]]:
    """The settings that a document says, and its faults."""
    node = Node(value)
    part = node.fields(KEYS)
    hour = part["hour"].whole(Settings.hour, least=0)
    if hour > LAST_HOUR:
        part["hour"].fault("bad_hour", "{offending} is no hour of a day", "0 to 23")
    given = Settings(
        part["folder"].text(FOLDER),
        part["daily"].whole(Settings.daily),
        part["monthly"].whole(Settings.monthly, least=0),
        hour,
        () if part["recipients"].is_missing else part["recipients"].codes(),
    )
    return given, node.faults
