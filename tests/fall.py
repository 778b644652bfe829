"""`voucher` in a process that is killed at a chosen instant: python fall.py FILE INSTANT ARGS ...

Instants are counted: before and behind every statement that SQLite is given, and before and behind
every file that is opened, written, put in place or taken away. INSTANT 0 kills nothing, and FILE
then says how many there were. Nothing of the program is changed for it.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from vouchercli.cli.main import run

STATEMENTS = {"execute", "executemany", "executescript", "commit", "fetchone", "fetchall"}
FILES = {"open", "write", "rename", "replace", "unlink", "link", "fsync", "close", "mkdir", "chmod"}


def count(seen: list[str], at: int) -> Any:
    """What is told of every call, and keeps those that count; it kills this process at the
    `at`-th.
    """

    def tell(_: FrameType, event: str, called: Any) -> None:
        if not event.startswith("c_") or event == "c_exception":
            return
        name, own = called.__name__, type(getattr(called, "__self__", None)).__module__
        if name in STATEMENTS or (name in FILES and own in ("module", "_io", "builtins", "posix")):
            seen.append(name)
            if len(seen) == at:
                os.kill(os.getpid(), signal.SIGKILL)

    return tell


file, instant = Path(sys.argv[1]), int(sys.argv[2])
sys.argv[1:3] = []
seen: list[str] = []
sys.setprofile(count(seen, instant))
try:
    run()
finally:
    sys.setprofile(None)
    if not instant:
        file.write_text(str(len(seen)), "ascii")
