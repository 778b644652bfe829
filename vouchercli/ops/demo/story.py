"""The story of a demo: write the synthetic files into a new folder, run the real commands there,
compare with what was published.
"""

from __future__ import annotations

import csv
import shlex
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.demo import beijing, hangzhou
from vouchercli.ops.reports.spans import moment
from vouchercli.result import Column, Outcome, Table, because, say
from vouchercli.rules import times

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.ops.demo.city import City, Step
    from vouchercli.result import Message

CITIES: dict[str, City] = {city.programme: city for city in (hangzhou.CITY, beijing.CITY)}
ZONE = "Asia/Shanghai"
INTERRUPTED = 130  # the exit code of a command that Ctrl-C ended
LABEL, DATABASE, ANSWER = "SYNTHETIC.txt", "voucher.db", "bank-answer.csv"
ANSWER_HEADER = "transfer_no,status,amount,paid_on,reference,reason_code,reason"
NOTICE = (
    "合成数据，并非真实业务数据：由 voucher demo 生成，仅按已公布的合计数校准，"
    "不能作为任何证据。商户、居民、订单均为虚构。\n"
    "SYNTHETIC DATA made by `voucher demo`: drawn to fit published totals, evidence of nothing."
    " Its merchants, residents and orders do not exist.\n"
)


class Runner(Protocol):
    """Runs command lines of `voucher` in the demo's folder. The command line provides it, because
    operations do not parse command lines. `program` is what runs them outside the folder.
    """

    @property
    def program(self) -> str:
        """What starts `voucher`."""

    def run(self, step: Step) -> int:
        """Run one command and show what the step wants shown; its exit code."""

    def ask(self, args: tuple[str, ...]) -> Any:
        """Run one command unseen; its JSON `data`."""


def tell(
    folder: Path, programme: str | None, scale: int | None, runner: Runner, *, dry_run: bool = False
) -> Outcome:
    """Build the demo of `programme` at 1:`scale` in `folder`, which must be new or empty.

    Raises `UsageFault` for a programme or scale there is not, `folder_not_empty`, and
    `demo_stopped` with the exit code of the command that failed.
    """
    city = _city(programme)
    scale = _scale(city, scale)
    steps = city.steps(scale)
    if dry_run:
        return _announce(folder, steps)
    _create_folder(folder)
    try:
        _write(folder, city.files(scale))
        for step in steps:
            _run(step, runner)
        _write_answer(folder, city)
    except KeyboardInterrupt:  # so that the same command can be run again
        for made in folder.iterdir():
            made.unlink()
        raise
    leverage = [runner.ask(words) for words in city.reports]
    data = {
        "folder": str(folder),
        "programme": city.programme,
        "scale": scale,
        "synthetic": True,
        "commands": [{"command": step.command, "exit": step.exit} for step in steps],
        "leverage": leverage,
    }
    return Outcome(
        data=data,
        tables=_comparison(leverage, scale),
        says=_farewell(city, scale, folder, runner.program),
    )


def _announce(folder: Path, steps: tuple[Step, ...]) -> Outcome:
    return Outcome(
        data={
            "folder": str(folder),
            "commands": [{"command": step.command, "exit": None} for step in steps],
            "leverage": [],
        },
        says=tuple(say("{command}", command=step.command) for step in steps),
    )


def _write_answer(folder: Path, city: City) -> None:
    """What the bank will answer to the payment that waits, in a file: all of it is paid."""
    if not city.unanswered:
        return
    sent = csv.DictReader((folder / city.unanswered).read_text("utf-8-sig").splitlines())
    rows = [
        f"{each['transfer_no']},paid,{each['amount']},{each['pay_on']},SYNTHETIC-{place},,"
        for place, each in enumerate(sent, start=1)
    ]
    text = "\n".join((ANSWER_HEADER, *rows, ""))
    (folder / ANSWER).write_text(text, "utf-8", newline="\n")


def _farewell(city: City, scale: int, folder: Path, voucher: str) -> tuple[Message, ...]:
    """What the figures are not, what was assumed, what to try next: commands that work as they
    stand, from the folder the demo was started in.
    """
    program = f"{voucher} --db {shlex.quote(str(folder / DATABASE))}"
    answer = shlex.quote(str(folder / ANSWER))
    closing = [command.format(answer=answer) for command in city.to_close]
    return (
        say(
            "The data of this demo is SYNTHETIC, drawn at 1:{scale}. It is evidence of nothing.",
            scale=scale,
        ),
        *city.assumptions,
        say("The other rounds were put up like the first: --verbose shows every command."),
        say("Try next:"),
        *(say("  {command}", command=f"{program} {command}") for command in city.try_next),
        *([say("Close it with nothing left over:")] if closing else ()),
        *(say("  {command}", command=f"{program} {command}") for command in closing),
    )


def _city(programme: str | None) -> City:
    code = programme or hangzhou.CITY.programme
    if code not in CITIES:
        raise UsageFault(
            "no_such_demo",
            "there is no demo of {programme}",
            hint="choose one of: {known}",
            programme=code,
            known=", ".join(CITIES),
        )
    return CITIES[code]


def _scale(city: City, scale: int | None) -> int:
    if scale is not None and scale not in city.scales:
        raise UsageFault(
            "no_such_scale",
            "the demo of {programme} cannot be drawn at 1:{scale}",
            hint="choose one of: {known}",
            programme=city.programme,
            scale=scale,
            known=", ".join(map(str, city.scales)),
        )
    return scale or city.scales[0]


def _create_folder(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise VoucherError(
            "folder_not_empty",
            "{folder} is not empty: the demo makes a folder of its own",
            hint="voucher demo FOLDER",
            folder=str(folder),
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VoucherError(
            "no_permission",
            "{path} cannot be written: {why}",
            hint="check who owns the file and its folder",
            path=str(folder),
            why=because(error),
        ) from error


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in {LABEL: NOTICE, **files}.items():
        (folder / name).write_text(text, "utf-8", newline="\n")


def _run(step: Step, runner: Runner) -> None:
    code = runner.run(step)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code != step.exit:
        stopped = VoucherError(
            "demo_stopped",
            "the demo stopped: `{command}` ended with exit code {exit}",
            hint="voucher doctor",
            command=step.command,
            exit=code,
        )
        stopped.exit_code = code or 1
        raise stopped


def _comparison(leverage: list[dict[str, Any]], scale: int) -> tuple[Table, ...]:
    """What was published, and what the reports just gave for the same moment and rounds."""
    rows = tuple(
        {
            "about": (
                f"{moment(times.parse(figure['as_of'], ZONE), ZONE)},"
                f" {' + '.join(figure['rounds'])}"
            ),
            "published_gross": figure["gross"],
            "ours_gross": figure["ours"]["gross"],
            "difference": _difference(figure["gross"], figure["ours"]["gross"]),
        }
        for report in leverage
        for figure in report.get("published", ())
        if figure["ours"] and figure["gross"]
    )
    columns = (
        Column("about", "As of, rounds"),
        Column("published_gross", "Published: G", "ratio"),
        Column("ours_gross", "Ours: G", "ratio"),
        Column("difference", "Difference", "ratio"),
    )
    note = say(
        "Our figures come from SYNTHETIC data at 1:{scale}, generated to give these ratios: their"
        " agreement proves nothing.",
        scale=scale,
    )
    return (
        (Table(say("Published leverage and ours"), columns, rows, notes=(note,)),) if rows else ()
    )


def _difference(published: str, ours: str | None) -> str | None:
    return None if ours is None else str(Decimal(ours) - Decimal(published))
