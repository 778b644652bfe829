"""Where the tick ships the head of the log, so that it also stands where nobody who can write the
database can write: `witness.yaml` beside the database, where somebody wrote one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.formats.configs import beside

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.documents import Fault

FILE = "witness.yaml"
KEYS = ("file", "command", "seconds")


@dataclass(frozen=True)
class Elsewhere:
    """`file`: one more line is written to its end ('': none). `command`: a program and its
    arguments, run without a shell; it is given the line as its input (empty: none) and has
    `seconds` to end.
    """

    file: str = ""
    command: tuple[str, ...] = ()
    seconds: int = 30

    @property
    def targets(self) -> tuple[str, ...]:
        """What is named: `file`, `command` or both."""
        return tuple(each for each in ("file", "command") if getattr(self, each))

    def place(self, target: str) -> str:
        """What a target is called: the file, or the program of the command."""
        return self.file if target == "file" else self.command[0]


NOWHERE = Elsewhere()


def of_database(path: Path) -> Elsewhere:
    """What stands beside the database at `path`. Raises as `beside.settings`."""
    return beside.settings(path, FILE, read, NOWHERE)


def read(value: Any) -> tuple[Elsewhere, list[Fault]]:
    """The places that a document names, and its faults."""
    node = Node(value)
    part = node.fields(KEYS)
    file = "" if part["file"].is_missing else part["file"].text()
    command = () if part["command"].is_missing else part["command"].texts(least=1)
    return Elsewhere(file, command, part["seconds"].whole(NOWHERE.seconds)), node.faults
