"""The files of an audit package: by the same renderer as every answer, in both languages."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from vouchercli.cli import show
from vouchercli.cli.language import language, speak
from vouchercli.cli.options import Call
from vouchercli.ops.auditing.packages import Writer

if TYPE_CHECKING:
    from vouchercli.result import Outcome

WIDTH = 60  # of the line that says which file is written


def of(call: Call, *, is_rehearsal: bool) -> Writer:
    """How the files of a call are written; those of a rehearsal say so."""

    def render(outcome: Outcome, form: str, spoken: str) -> bytes:
        given = {"output": form, "lang": spoken}
        clock = {"rehearsal": True} if is_rehearsal else {}
        kept = io.BytesIO()
        stream = io.TextIOWrapper(kept, "utf-8", "backslashreplace", newline="")
        before = language()
        try:
            speak(spoken)
            with redirect_stdout(stream):
                show.write(Call(command=call.command, given=given, clock=clock), outcome)
        finally:
            speak(before)
        stream.flush()
        return kept.getvalue()

    return Writer(render, _watch)


def _watch(name: str) -> None:
    """The file at hand, on a terminal only."""
    if sys.stderr.isatty():
        line = f"{name:{WIDTH}.{WIDTH}}"
        sys.stderr.write(f"\r{line}\r")
        sys.stderr.flush()
