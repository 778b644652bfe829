"""voucher merchant|claim|redemption|application|eligibility|series|effect blank"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vouchercli.cli.language import language, t
from vouchercli.cli.options import Call, To, command
from vouchercli.result import Outcome

if TYPE_CHECKING:
    import typer

FORMS: dict[str, Literal["csv", "xlsx"]] = {".csv": "csv", ".xlsx": "xlsx"}


def add_blank(app: typer.Typer, noun: str, kind: str) -> None:
    """Give a noun the command `blank` for its kind of file."""

    @command(app, "blank", epilog=f"Example: voucher {noun} blank -o xlsx", has_workbook=True)
    def blank(call: Call, to: To = None) -> Outcome:
        """Show the columns of its file; with -o xlsx or csv, give an empty one to fill in."""
        return give_blank(call, kind, to)


def give_blank(call: Call, kind: str, to: Path | None) -> Outcome:
    """The columns of a kind of file, or an empty one."""
    from vouchercli.ops.intake import blanks

    suffix = to.suffix.lower() if to else ""
    form = FORMS.get(suffix) or FORMS.get(f".{call.output}")
    if form is None:
        return blanks.explain(kind, language())
    outcome = blanks.blank(kind, form, language(), t)
    if to is None and call.into is None and form == "xlsx" and sys.stdout.isatty():
        to = Path(f"{kind}.xlsx")  # a terminal shows no workbook
    return outcome if to is None else blanks.write(outcome, to)
