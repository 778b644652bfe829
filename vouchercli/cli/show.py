"""The only renderer: an `Outcome` as tables (cli.drawing), JSON or CSV on stdout, talk and problems on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from vouchercli.cli.words import for_programme, t
from vouchercli.result import Message, Word
from vouchercli.rules import money, times

if TYPE_CHECKING:
    from vouchercli.cli.options import Call
    from vouchercli.errors import VoucherError
    from vouchercli.result import Column, Outcome, Problem, Table

EXIT_CODES = {"ok": 0, "refused": 3, "partial": 4, "failed": 5}
SHOWN_PROBLEMS = 20


def show(call: Call, outcome: Outcome) -> int:
    """Render `outcome` as the call asked; returns the exit code of its status."""
    if call.output == "json":
        _write_json(_envelope(call, outcome.status, outcome.data, outcome.problems))
        return EXIT_CODES[outcome.status]
    if call.output == "csv":
        _csv(tuple(table for table in outcome.tables if not table.aside), is_chinese=call.given.get("lang") == "zh")
    elif outcome.tables:
        from vouchercli.cli.drawing import draw

        for position, table in enumerate(outcome.tables):
            if position:
                print()
            draw(table)
    _talk_problems(call, outcome.problems)
    for message in outcome.says:
        _talk(for_programme(t(message.text, message.params), call.programme))
    if call.dry_run:
        _talk(t("dry run: nothing was written"))
    return EXIT_CODES[outcome.status]


def refuse(call: Call, error: VoucherError) -> int:
    """Render a refusal: what, where, and what to do next."""
    from vouchercli.result import Problem

    given = call.given.get("output")
    own = Problem(error.code, error.text, error.where, error.hint, "error", error.params)
    if given == "json":
        _write_json(_envelope(call, "refused", None, (own, *error.problems)))
        return error.exit_code
    _talk_problems(call, (own,))
    _talk_problems(call, error.problems)
    return error.exit_code


def _envelope(call: Call, status: str, data: Any, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "voucher": 1,
        "command": call.command,
        "status": status,
        "data": data,
        "problems": [
            {"code": p.code, "level": p.level, "where": p.where, "message": t(p.text, p.params),
             "hint": for_programme(t(p.hint, p.params), call.programme)}
            for p in problems
        ],
    }


def _write_json(document: dict[str, Any]) -> None:
    import json

    # Indented for a person; one line for a program: only that way does Python encode in C, ten times as fast.
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None) + "\n")


def _talk(text: str) -> None:
    sys.stdout.flush()  # the order of a terminal, also when both streams go into one file
    print(text, file=sys.stderr)


def _talk_problems(call: Call, problems: tuple[Problem, ...]) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        level = t("error: ") if problem.level == "error" else t("warning: ")
        where = f"{problem.where}: " if problem.where else ""
        _talk(f"{where}{level}{t(problem.text, problem.params)} [{problem.code}]")
        if problem.hint:
            _talk(f"  {t('next: ')}{for_programme(t(problem.hint, problem.params), call.programme)}")
    if len(problems) > SHOWN_PROBLEMS:
        _talk(t("... and {count} more", {"count": len(problems) - SHOWN_PROBLEMS}))


# ---------------------------------------------------------------- CSV


def _csv(tables: tuple[Table, ...], *, is_chinese: bool) -> None:
    """Rows and total as RFC 4180; a text that a spreadsheet would run as a formula is disarmed.

    Headings are the English keys, whatever the locale; Chinese only when `--lang zh` asks for it.
    """
    import csv

    from vouchercli.formats.cells import disarmed

    writer = csv.writer(sys.stdout, lineterminator="\n")
    for position, table in enumerate(tables):
        if position:
            writer.writerow([])
        writer.writerow([_head(column, is_chinese) for column in table.columns])
        for row in [*table.rows, *([table.total] if table.total else [])]:
            cells = [_exact(column, row.get(column.key), table.zone, is_chinese) for column in table.columns]
            writer.writerow([disarmed(cell) if column.kind == "text" else cell for cell, column in zip(cells, table.columns, strict=True)])


def _head(column: Column, is_chinese: bool) -> str:
    return t(column.label) if is_chinese and not column.verbatim else column.key


def _exact(column: Column, value: Any, zone: str, is_chinese: bool) -> str:
    """A value as CSV has it: exact, no grouping."""
    if value is None:
        return ""
    if isinstance(value, Message):
        return t(value.text, value.params)
    if column.kind == "fen":
        return money.yuan(value)
    if column.kind == "time":
        return times.iso(value, zone)
    if column.kind == "date":
        return times.day_text(value)
    return t(str(value)) if is_chinese and (column.kind == "word" or isinstance(value, Word)) else str(value)
