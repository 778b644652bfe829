"""voucher demo"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from vouchercli.cli.language import language
from vouchercli.cli.options import Call, command
from vouchercli.cli.pasting import program
from vouchercli.errors import UsageFault
from vouchercli.ops.demo.story import DATABASE, tell
from vouchercli.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.demo.city import Step

app = typer.Typer(rich_markup_mode=None, add_completion=False)
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show all that every command prints.")
]


@dataclass(frozen=True)
class InFolder:
    """Runs commands of `voucher` in a folder, on its own database whatever VOUCHER_DB says; unseen
    when `is_quiet`, each with all it prints when `is_verbose`.
    """

    folder: Path
    is_quiet: bool
    is_verbose: bool
    program: str

    def run(self, step: Step) -> int:
        """Run a command, show of it what the step wants shown, give its exit code."""
        if not self.is_quiet and (self.is_verbose or step.show != "nothing"):
            print(f"$ {step.command}", flush=True)
        if not self.is_quiet and (self.is_verbose or step.show == "output"):
            code = self._main(step.args)
            print(flush=True)
            return code
        code, _, err = self._capture(step.args)
        if code != step.exit:
            sys.stderr.write(err)
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

        with chdir(self.folder), _no_programme_named():
            return main([*args, "--db", DATABASE, "--lang", language()])


@contextmanager
def _no_programme_named() -> Iterator[None]:
    """The demo's file holds one programme: VOUCHER_PROGRAMME speaks of another file."""
    named = os.environ.pop("VOUCHER_PROGRAMME", None)
    try:
        yield
    finally:
        if named is not None:
            os.environ["VOUCHER_PROGRAMME"] = named


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
    verbose: Verbose = False,
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
    runner = InFolder(folder, call.output != "table", verbose, program())
    return tell(folder, call.programme, scale, runner, dry_run=call.dry_run)
