"""The only renderer: an `Outcome` as tables (cli.drawing), JSON or CSV on stdout, talk and problems
on stderr.
"""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from vouchercli.cli import units
from vouchercli.cli.cleaning import clean_line
from vouchercli.cli.language import language, t
from vouchercli.cli.options import SUFFIXES
from vouchercli.cli.pasting import for_database, for_programme, for_shell, program
from vouchercli.errors import UsageFault
from vouchercli.ops.answers import answer
from vouchercli.ops.answers import rows as json_rows
from vouchercli.result import MOST_COUNTED, Message, Word
from vouchercli.rules import resident_tokens, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.cli.options import Call
    from vouchercli.errors import VoucherError
    from vouchercli.result import Column, Outcome, Problem, Table

EXIT_CODES = {"ok": 0, "refused": 3, "partial": 4, "failed": 5}
SHOWN_PROBLEMS = 20
BESIDE = ("rehearsal", "stand_in", "acted_at")  # what JSON says of the clock, where it matters
CUT = ("--limit", "-o", "--output")
AT_ONCE = 2_000  # rows in memory while a long list is written


def show(call: Call, outcome: Outcome) -> int:
    """Render `outcome` as the call asked; returns the exit code of its status."""
    if call.output not in ("csv", "jsonl"):  # these hold any number of rows
        outcome = replace(outcome, tables=tuple(table.read() for table in outcome.tables))
    if (unit := units.asked()) and call.output in ("table", "csv"):  # pages do it by themselves
        from vouchercli.cli import values

        read = (table.read() for table in outcome.tables)
        outcome = replace(outcome, tables=tuple(values.in_unit(each, unit) for each in read))
    if call.into is None:
        write(call, outcome)
    else:
        from vouchercli.ops import papers  # only where a file is named

        papers.into_file(call.into, SUFFIXES, lambda: write(call, outcome))
        _talk(t("written: {file}", {"file": str(call.into)}))
    if call.output == "json":
        return EXIT_CODES[outcome.status]
    _talk_clock(call)
    _talk_problems(call, outcome.problems)
    for message in outcome.says:
        _talk(_to_paste(call, t(message.text, message.params)))
    if outcome.left:
        _talk_left(call, outcome.left)
    if call.dry_run:
        _talk(t("dry run: nothing was written"))
    return EXIT_CODES[outcome.status]


def write(call: Call, outcome: Outcome) -> None:
    """The answer to stdout, in the form that was asked for."""
    if call.output == "json":
        _write_json(_envelope(call, outcome.status, answer(outcome), outcome.problems))
    elif outcome.document is not None:
        _write_document(outcome.document)
    elif call.output == "csv":
        _csv(call, outcome.tables)
    elif call.output == "jsonl":
        _json_lines(call, outcome.tables)
    elif call.output == "table":
        _draw(call, outcome.tables)
    else:
        _write_page(call, outcome)


def _draw(call: Call, tables: tuple[Table, ...]) -> None:
    """The tables for a screen."""
    if not tables:
        return
    from vouchercli.cli.drawing import draw  # and Rich, which JSON and CSV never load

    seen = [table for table in tables if table.is_in("table")]
    if seen and "rehearsal" in call.clock:
        print(t("REHEARSAL: nothing here is real") + "\n")
    draw(seen, in_one_unit=call.command.startswith("report "))


def _write_page(call: Call, outcome: Outcome) -> None:
    """A page, a text or a workbook. Raises `UsageFault` where a terminal would show its bytes."""
    from vouchercli.cli import paper  # only for those who want one

    if call.output in ("docx", "xlsx") and sys.stdout.isatty():
        raise UsageFault(
            "no_bytes_on_a_terminal",
            "a terminal shows no {output} file",
            hint="add -O FILE.{output}",
            output=call.output,
        )
    mark = [t("REHEARSAL: nothing here is real")] if "rehearsal" in call.clock else []
    said = [t(each.text, each.params) for each in outcome.problems]
    said += [t(each.text, each.params) for each in outcome.says]
    _write_document(paper.render(call.output, outcome, [*mark, *said]))


def _write_document(document: str | bytes) -> None:
    """A text or a file as it is: nothing is added, so that a redirection holds it whole."""
    if isinstance(document, str):
        sys.stdout.write(document)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(document)


def _talk_left(call: Call, left: int) -> None:
    """How many rows are not shown, and the command that gives all."""
    import shlex  # only where a list is cut

    from vouchercli.ops.sessions import without_identities

    given = _with_tokens(call.arguments, partial(without_identities, call.db_path))
    words = shlex.join((*_without_cut(given), "-o", "csv"))
    command = f"{program()} {words}"
    text = "{left:,} more rows are not shown; all of them: {command}"
    if left >= MOST_COUNTED:
        text = "of {left:,} rows or more not all are shown; all of them: {command}"
    _talk(t(text, {"left": left, "command": command}))


def _with_tokens(arguments: Iterable[str], mask: Callable[[str], str]) -> Iterator[str]:
    """A command line that names a resident by the token."""
    before = ""
    for word in arguments:
        is_resident = before == "--resident" or word.startswith("--resident=")
        yield mask(word) if is_resident else word
        before = word


def _without_cut(arguments: Iterable[str]) -> Iterator[str]:
    """A command line without the options that say in what form and how much it answers."""
    words = iter(arguments)
    for word in words:
        if word in CUT:
            next(words, None)
        elif word.partition("=")[0] not in CUT:
            yield word


def refuse(call: Call, error: VoucherError) -> int:
    """Render a refusal: what, where, and what to do next."""
    problems = error.as_problems()
    if call.given.get("output") == "json":
        _write_json(_envelope(call, "refused", None, problems))
        return error.exit_code
    _talk_problems(call, problems[:1])
    _talk_problems(call, problems[1:])
    return error.exit_code


def _talk_clock(call: Call) -> None:
    """Tell whoever acts under a stand-in clock."""
    if "acted_at" in call.clock:
        text = "acting as if it were {shown_at} ({stand_in}); the log keeps both times"
        _talk(t(text, call.clock))


def _envelope(call: Call, status: str, data: Any, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "voucher": 1,
        "command": call.command,
        "status": status,
        "data": data,
        "problems": [
            {
                "code": p.code,
                "level": p.level,
                "where": p.where,
                "message": t(p.text, p.params),
                "hint": _hint(call, p),
            }
            for p in problems
        ],
        **{key: call.clock[key] for key in BESIDE if key in call.clock},
    }


def _write_json(document: dict[str, Any]) -> None:
    """Indented for a person, one line for a program."""
    import json  # other outputs do without it

    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=indent) + "\n")


def _talk(text: str) -> None:
    sys.stdout.flush()  # the order of a terminal, also when both streams go into one file
    print(clean_line(text), file=sys.stderr)


def _talk_problems(call: Call, problems: tuple[Problem, ...]) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        level = t("error: ") if problem.level == "error" else t("warning: ")
        where = f"{problem.where}: " if problem.where else ""
        _talk(f"{where}{level}{t(problem.text, problem.params)} [{problem.code}]")
        if problem.hint:
            _talk(f"  {t('next: ')}{_hint(call, problem)}")
    if len(problems) > SHOWN_PROBLEMS:
        _talk(t("... and {count} more", {"count": len(problems) - SHOWN_PROBLEMS}))


def _hint(call: Call, problem: Problem) -> str:
    return _to_paste(call, t(problem.hint, problem.params), problem.programme)


def _to_paste(call: Call, text: str, programme: str | None = None) -> str:
    """A sentence whose commands work here when they are pasted."""
    named = for_database(for_programme(text, programme or call.programme), call.given.get("db"))
    return for_shell(named)


# ---------------------------------------------------------------- CSV


def _csv(call: Call, tables: tuple[Table, ...]) -> None:
    """Rows and total as RFC 4180; a text that a spreadsheet would run as a formula is disarmed.

    Headings are the English keys, whatever the locale; Chinese only when `--lang zh` asks for it,
    or a Chinese reader for `--excel`.
    Of a rehearsal each row has a column more that says so.
    """
    # JSON needs none of these
    import csv

    from vouchercli.cli.values import as_lines

    is_for_excel = bool(call.given.get("excel"))
    if is_for_excel and any(table.is_in("csv") for table in tables):
        mark_as_utf8()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    is_chinese = (language() if is_for_excel else call.given.get("lang")) == "zh"
    mark = ("rehearsal", "yes") if "rehearsal" in call.clock else ()
    head, cell = ([t(word) if is_chinese else word] for word in mark) if mark else ([], [])
    for position, each in enumerate(table for table in tables if table.is_in("csv")):
        table = as_lines(each) if each.is_record else each
        if position:
            writer.writerow([])
        columns = [column for column in table.columns if "csv" in column.where]
        writer.writerow([*(_head(column, is_chinese) for column in columns), *head])
        for part in _parts(table):
            cells = (_cells(column, part, is_chinese) for column in columns)
            writer.writerows([*row, *cell] for row in zip(*cells, strict=True))


def mark_as_utf8() -> None:
    """A byte order mark, without which Excel takes a file to be in the machine's old encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write("\ufeff")


def _json_lines(call: Call, tables: tuple[Table, ...]) -> None:
    """The rows of a list as JSON objects, a line each."""
    import json

    mark = {"rehearsal": True} if "rehearsal" in call.clock else {}
    for part in _parts(next(table for table in tables if table.key is not None)):
        for row in json_rows(part):
            sys.stdout.write(json.dumps(row | mark, ensure_ascii=False) + "\n")


def _parts(table: Table) -> Iterator[Table]:
    """The table in pieces, so that it need not be in memory; the last has the total."""
    lines = chain(table.rows, table.rest, (table.total,) if table.total and table.rows else ())
    while part := [*islice(lines, AT_ONCE)]:
        yield replace(table, rows=part, rest=(), total=None)


def _head(column: Column, is_chinese: bool) -> str:
    """The key; of a column of money, which CSV has in yuan, `*_yuan` for `*_fen`. In Chinese the
    label and its unit: 财政补贴（元）, 拉动消费（交易额，元）.
    """
    unit = units.asked() or units.EXACT
    if is_chinese and column.verbatim and column.kind != "fen":
        return column.label
    if is_chinese and not column.verbatim:
        words = t(column.label)
        return words if column.kind != "fen" else units.with_unit(words, unit)
    if column.kind != "fen":
        return column.key
    return "_".join([*(part for part in column.key.split("_") if part != "fen"), unit.key])


def _cells(column: Column, table: Table, is_chinese: bool) -> list[str]:
    """The values of a column and its total as CSV has them: exact, no grouping."""
    from vouchercli.formats.written.formulas import disarm  # JSON does without

    exact = _exact(column.kind, table.zone, is_chinese)
    values = column.shown_values(table.lines)
    if set(map(type, values)) == {int}:
        return [*map(exact, values)]
    cells = [
        ("" if each is None else _text(each, is_chinese) if isinstance(each, SAID) else exact(each))
        for each in values
    ]
    return [*map(disarm, cells)] if column.kind in DISARMED else cells


SAID = (Message, Word, list)
DISARMED = ("text", "deed", "code", "entry")  # what data may have written


def _text(value: Message | Word | list[Any], is_chinese: bool) -> str:
    if isinstance(value, Message):
        return t(value.text, value.params)
    if isinstance(value, list):
        gap = t("; ") if any(isinstance(each, Message) for each in value) else ", "
        return gap.join(
            _text(each, is_chinese) if isinstance(each, Message | Word) else each for each in value
        )
    return t(value) if is_chinese else str(value)


def _exact(kind: str, zone: str, is_chinese: bool) -> Callable[[Any], str]:
    """The function that prints one value."""
    if kind == "fen":
        unit = units.asked() or units.EXACT
        return lambda fen: unit.amount_text(fen).replace(",", "")
    if kind == "figure":
        return lambda each: (
            "" if each.value is None else _exact(each.kind, zone, is_chinese)(each.value)
        )
    if kind in ("time", "end"):
        return lambda at: times.iso(at, zone)
    if kind == "date":
        return times.day_text
    if kind == "token":
        return resident_tokens.shown
    return (lambda word: t(str(word))) if kind == "word" and is_chinese else str
