"""The only renderer: an `Outcome` as Rich table, JSON or CSV on stdout, talk and problems on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from vouchercli.cli.words import t
from vouchercli.result import Word
from vouchercli.rules import money, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.cli.options import Call
    from vouchercli.errors import VoucherError
    from vouchercli.result import Column, Message, Outcome, Problem, Table

EXIT_CODES = {"ok": 0, "refused": 3, "partial": 4, "failed": 5}
SHOWN_PROBLEMS = 20
DASH = "–"


def show(call: Call, outcome: Outcome) -> int:
    """Render `outcome` as the call asked; returns the exit code of its status."""
    if call.output == "json":
        _write_json(_envelope(call, outcome.status, outcome.data, outcome.problems))
        return EXIT_CODES[outcome.status]
    render = _csv_table if call.output == "csv" else _rich_table
    for table in outcome.tables:
        render(table)
    _talk_problems(outcome.problems)
    for message in outcome.says:
        _talk(t(message.text, message.params))
    return EXIT_CODES[outcome.status]


def refuse(call: Call, error: VoucherError) -> int:
    """Render a refusal: what, where, and what to do next."""
    from vouchercli.result import Problem

    given = call.given.get("output")
    own = Problem(error.code, error.text, error.where, error.hint, "error", error.params)
    if given == "json":
        _write_json(_envelope(call, "refused", None, (own, *error.problems)))
        return error.exit_code
    _talk_problems((own,))
    _talk_problems(error.problems)
    return error.exit_code


def _envelope(call: Call, status: str, data: Any, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "voucher": 1,
        "command": call.command,
        "status": status,
        "data": data,
        "problems": [
            {"code": p.code, "level": p.level, "where": p.where, "message": t(p.text, p.params), "hint": t(p.hint, p.params)}
            for p in problems
        ],
    }


def _write_json(document: dict[str, Any]) -> None:
    import json

    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _talk(text: str) -> None:
    print(text, file=sys.stderr)


def _talk_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        level = t("error") if problem.level == "error" else t("warning")
        where = f"{problem.where}: " if problem.where else ""
        _talk(f"{where}{level}: {t(problem.text, problem.params)} [{problem.code}]")
        if problem.hint:
            _talk(f"  {t('next')}: {t(problem.hint, problem.params)}")
    if len(problems) > SHOWN_PROBLEMS:
        _talk(t("... and {count} more", {"count": len(problems) - SHOWN_PROBLEMS}))


# ---------------------------------------------------------------- cells


def _exact(column: Column, value: Any, zone: str) -> str:
    """A value as CSV has it: exact, no grouping."""
    if value is None:
        return ""
    if column.kind == "fen":
        return money.yuan(value)
    if column.kind == "time":
        return times.iso(value, zone)
    if column.kind == "date":
        return times.day_text(value)
    return str(value)


def _grouped(value: int, unit_fen: int, digits: int) -> str:
    scaled = money.half_up(value * 10**digits, unit_fen)
    sign, scaled = ("-", -scaled) if scaled < 0 else ("", scaled)
    whole = f"{scaled // 10**digits:,}"
    return f"{sign}{whole}.{scaled % 10**digits:0{digits}d}" if digits else f"{sign}{whole}"


def _pretty(column: Column, value: Any, zone: str, amount: Callable[[int], str]) -> str:
    """A value as a person reads it in a table."""
    if value is None:
        return DASH
    if column.kind == "fen":
        return amount(value)
    if column.kind == "int":
        return f"{value:,}"
    if column.kind == "rate":
        return f"{money.half_up(round(float(value) * 10_000), 10) / 10:.1f} %"
    if column.kind == "time":
        return times.shown(value, zone)
    if column.kind == "date":
        return times.day_text(value)
    return t(value) if column.kind == "word" else str(value)


# ---------------------------------------------------------------- CSV


def _csv_table(table: Table) -> None:
    """Rows and total as RFC 4180; a text that a spreadsheet would run as a formula is disarmed."""
    import csv

    from vouchercli.formats.cells import disarmed

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    for row in [*table.rows, *([table.total] if table.total else [])]:
        cells = [_exact(column, row.get(column.key), table.zone) for column in table.columns]
        writer.writerow([disarmed(cell) if column.kind == "text" else cell for cell, column in zip(cells, table.columns, strict=True)])


# ---------------------------------------------------------------- Rich

UNITS = ((1, "yuan"), (100, "yuan, rounded; -o csv and -o json are exact"), (1_000_000, "10,000 yuan, rounded; -o csv and -o json are exact"))


def _rich_table(table: Table) -> None:
    """The table in the coarsest detail that is needed to fit the terminal: yuan with fen, whole yuan, ten thousands."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False, soft_wrap=False)
    has_money = any(column.kind == "fen" for column in table.columns)
    amounts = (_fen_exact, _fen_yuan, _fen_wan) if has_money else (_fen_exact,)
    for position, amount in enumerate(amounts):
        drawn, needed = _drawn(table, amount)
        if needed <= console.width or position == len(amounts) - 1:
            break
    console.print(Text(t(table.title.text, table.title.params), style="bold"))
    console.print(drawn)
    notes = [t(note.text, note.params) for note in table.notes]
    if has_money:
        notes.insert(0, t("Amounts in {unit}.", {"unit": Word(UNITS[position][1])}))
    for note in notes:
        console.print(Text(note, style="dim"))


def _fen_exact(value: int) -> str:
    return _grouped(value, 100, 2)


def _fen_yuan(value: int) -> str:
    return _grouped(value, 100, 0)


def _fen_wan(value: int) -> str:
    return _grouped(value, 1_000_000, 2)


def _drawn(table: Table, amount: Callable[[int], str]) -> tuple[Any, int]:
    """The Rich table and the width it wants."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, show_footer=table.total is not None, padding=(0, 1), pad_edge=False)
    needed = 0
    for column in table.columns:
        cells = [_pretty(column, row.get(column.key), table.zone, amount) for row in table.rows]
        footer = _pretty(column, table.total.get(column.key), table.zone, amount) if table.total else ""
        label = t(column.label)
        is_number = column.kind in ("int", "fen", "ratio", "rate")
        drawn.add_column(
            Text(label), footer=Text("" if footer == DASH else footer), overflow="fold", no_wrap=False,
            justify="right" if is_number else "left",
        )
        needed += max(cell_len(word) for text in (*cells, footer, *label.split(" ")) for word in [text]) + 2
    for row in table.rows:
        drawn.add_row(*(Text(_pretty(column, row.get(column.key), table.zone, amount)) for column in table.columns))
    return drawn, needed
