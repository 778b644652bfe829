"""One line, written to the end of a file elsewhere or given to a command that takes it there."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.result import because, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vouchercli.result import Message

SAID = 300  # bytes of what a command says when it fails
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def append(path: Path, line: bytes) -> None:
    """Write the line to the end of the file, onto the disk; a link is not followed. Raises
    `VoucherError` unwritable_file, not_a_file.
    """
    try:
        number = os.open(path, FLAGS, 0o600)
        with open(number, "wb") as file:  # noqa: PTH123 # a number, no path
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise VoucherError(
                    "not_a_file",
                    "{file} is not an ordinary file",
                    hint="name an ordinary file, or a command",
                    file=str(path),
                )
            file.write(line)
            file.flush()
            os.fsync(number)
    except OSError as error:
        raise whole_files.unwritable(path, error) from error


def run(command: Sequence[str], line: bytes, seconds: int, folder: Path) -> None:
    """Run the command without a shell, the line its input. What still runs after so many seconds is
    killed, with all that it began. Raises `VoucherError` ship_failed, ship_too_long.
    """
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise _failed(command, because(error)) from error
        try:
            child.communicate(line, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise VoucherError(
                "ship_too_long",
                "{command} did not end within {seconds} seconds and was stopped",
                hint="try it by hand; more time: seconds in witness.yaml",
                command=command[0],
                seconds=seconds,
            ) from error
        finally:
            _end(child)
        if child.returncode:
            raise _failed(
                command, _last_words(said) or say("exit code {code}", code=child.returncode)
            )


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what still runs; one that has ended is left alone."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _last_words(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(size - SAID, 0))
    return " ".join(said.read(SAID).decode("utf-8", "replace").split())


def _failed(command: Sequence[str], why: str | Message) -> VoucherError:
    return VoucherError(
        "ship_failed",
        "{command} failed: {why}",
        hint="try it by hand, with the line that audit head shows as its input",
        command=command[0],
        why=why,
    )
