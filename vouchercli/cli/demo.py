"""voucher demo"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.language import language
from vouchercli.cli.options import Call, command
from vouchercli.errors import UsageFault
from vouchercli.ops.demo.city import Step
from vouchercli.ops.demo.story import tell
from vouchercli.result import Outcome, say

app = typer.Typer(rich_markup_mode=None, add_completion=False)
DATABASE = "voucher.db"


@dataclass(frozen=True)
class InFolder:
    """Runs commands of `voucher` in a folder, on its own database whatever VOUCHER_DB says; unseen
    when `is_quiet`.
    """

    folder: Path
    is_quiet: bool

    def run(self, args: tuple[str, ...]) -> int:
        """Print the command, run it, give its exit code."""
        if self.is_quiet:
            code, _, err = self._capture(args)
            if code:
                sys.stderr.write(err if code not in (0, 4) else "")
            return code
        print(f"\n$ {Step(args).command}", flush=True)
        code = self._main(args)
        sys.stdout.flush()
        return code

    def ask(self, args: tuple[str, ...]) -> Any:
        """The JSON data of a command."""
        return json.loads(self._capture((*args, "-o", "json"))[1])["data"]

    def _capture(self, args: tuple[str, ...]) -> tuple[int, str, str]:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = self._main(args)
        return code, out.getvalue(), err.getvalue()

    def _main(self, args: tuple[str, ...]) -> int:
        from vouchercli.cli.main import main  # which imports this file to run the demo

        with chdir(self.folder):
            return main([*args, "--db", DATABASE, "--lang", language()])


@command(app, "demo", epilog="Example: voucher demo demo-beijing --programme beijing-2020")
def demo(
    call: Call,
    folder: Annotated[
        Optional[Path],
        typer.Argument(metavar="[FOLDER]", help="A new folder (else demo-PROGRAMME here)."),
    ] = None,
    scale: Annotated[
        Optional[int],
        typer.Option(
            "--scale", metavar="N", help="Draw the city at 1:N (Hangzhou: 100, 1000 or 10)."
        ),
    ] = None,
) -> Outcome:
    """Build a synthetic Hangzhou 2020 here and report on it."""
    if call.given.get("db"):
        raise UsageFault(
            "demo_database",
            "the demo makes a database of its own, in its folder",
            hint="leave out --db",
        )
    folder = folder or Path(f"demo-{call.programme or 'hangzhou-2020'}")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # commands and their talk stay in order, also in a pipe
        sys.stdout.reconfigure(line_buffering=True)
    outcome = tell(
        folder,
        call.programme,
        scale,
        InFolder(folder, call.output != "table"),
        dry_run=call.dry_run,
    )
    if os.environ.get("VOUCHER_DB"):
        return replace(
            outcome,
            says=(
                *outcome.says,
                say("VOUCHER_DB is set: unset it first, or these commands use that database."),
            ),
        )
    return outcome
