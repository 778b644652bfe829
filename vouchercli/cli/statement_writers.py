"""Statements as the bytes of files, in this process or in one of its own: by the same renderer as
every answer.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from vouchercli.cli import show
from vouchercli.cli.language import language, speak
from vouchercli.cli.options import Call
from vouchercli.ops.settlements import statement_files
from vouchercli.ops.settlements.statement_files import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.result import Outcome

BEGIN = "from vouchercli.cli.statement_writers import serve; serve()"


def of(call: Call, form: str) -> Writer:
    """How the statements of a call are written."""
    given = {"output": form, "lang": call.given.get("lang"), "excel": form == "csv"}
    told = (given, dict(call.clock), language())
    return Writer(_render(*told), BEGIN, told, language())


def in_forms(call: Call) -> Callable[[str, Outcome], bytes]:
    """How one command writes several files: in a form (html, csv), an answer of its own."""

    def render(form: str, outcome: Outcome) -> bytes:
        given = {"output": form, "lang": call.given.get("lang"), "excel": form == "csv"}
        return _render(given, dict(call.clock), language(), call.command)(outcome)

    return render


def _render(
    given: dict[str, object],
    clock: dict[str, object],
    spoken: str,
    command: str = "settlement statement",
) -> Callable[[Outcome], bytes]:
    speak(spoken)
    call = Call(command=command, given=given, clock=clock)

    def render(outcome: Outcome) -> bytes:
        kept = io.BytesIO()
        stream = io.TextIOWrapper(kept, "utf-8", "backslashreplace", newline="")
        with redirect_stdout(stream):
            show.write(call, outcome)
        stream.flush()
        return kept.getvalue()

    return render


def serve() -> None:
    """Carry out the order that standard input has; the answer goes to standard output."""
    with os.fdopen(0, "rb") as asked:
        told, order = pickle.load(asked)
    said = os.dup(1)
    gc.freeze()
    answer = statement_files.serve(order, _render(*told))
    with os.fdopen(said, "wb") as file:
        pickle.dump(answer, file)
