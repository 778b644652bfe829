"""What one file may cost at most when it is taken in: `limits.yaml` beside the database, where
somebody wrote one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.formats.configs import beside

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.documents import Fault

FILE = "limits.yaml"


@dataclass(frozen=True)
class Limits:
    """`file_mib`: how large a file may be. `memory_mib`: what the process that takes it in may
    use; `reader_mib`: what the reader of a spreadsheet or a Parquet file may take beside that.
    `minutes`: how long all of it may last.
    """

    file_mib: int = 8_192
    memory_mib: int = 4_096
    reader_mib: int = 3_072
    minutes: int = 120

    @property
    def file_bytes(self) -> int:
        """The most bytes of a file."""
        return self.file_mib << 20

    @property
    def memory_bytes(self) -> int:
        """The most bytes of memory."""
        return self.memory_mib << 20


DEFAULTS = Limits()
KEYS = tuple(field.name for field in fields(Limits))


def of_database(path: Path) -> Limits:
    """The limits beside the database at `path`. Raises as `beside.settings`."""
    return beside.settings(path, FILE, read, DEFAULTS)


def read(value: Any) -> tuple[Limits, list[Fault]]:
    """The limits that a document says, and its faults."""
    node = Node(value)
    part = node.fields(KEYS)
    given = {key: part[key].whole(getattr(DEFAULTS, key)) for key in KEYS}
    return Limits(**given), node.faults
