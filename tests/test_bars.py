"""Bars beside a table on a terminal: there where there is room, never in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.cli import bars, drawing
from vouchercli.cli.wrapping import cells
from vouchercli.result import Column, Table, say

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(*values: Any, key: str = "gross") -> Table:
    rows = [{"key": f"区县{at}", "gross": value} for at, value in enumerate(values)]
    columns = (Column("key", "District"), Column("gross", "G", "ratio"))
    return Table(say("Leverage"), columns, rows, bars=key)


@pytest.mark.parametrize(
    ("values", "room", "drawn"),
    [
        (("10.00", "5.00", "0.00"), 8, ["████████", "████", ""]),
        (("1", "0.5625", None), 8, ["████████", "████▌", ""]),
        (("10.00", "5.00"), 7, None),
        (("10.00",), 20, None),
        (("0", "0"), 20, None),
        (("-1", "2"), 20, None),
        ((None, None), 20, None),
    ],
)
def test_a_bar_is_as_long_as_its_number(
    values: Sequence[Any], room: int, drawn: list[str] | None
) -> None:
    assert bars.bars(table(*values), room, is_plain=False) == drawn


def test_where_a_terminal_has_no_blocks_there_are_plain_signs() -> None:
    assert bars.bars(table("4", "1"), 8, is_plain=True) == ["########", "##"]
    assert bars.bars(table("4", "1", key=""), 8, is_plain=True) is None


def shown(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, tty: bool
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: tty)
    drawing.draw([table("10.00", "5.00", "2.50")])
    return capsys.readouterr().out.splitlines()


def test_there_are_bars_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(80, monkeypatch, capsys, tty=True)
    drawn = [line for line in lines if "█" in line]
    assert len(drawn) == 3
    assert {cells(line[: line.index("█")]) for line in drawn} == {cells(drawn[0].split("█")[0])}
    assert max(map(cells, lines)) <= 80
    assert not any("█" in line for line in shown(20, monkeypatch, capsys, tty=True))


def test_a_pipe_has_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not any("█" in line for line in shown(80, monkeypatch, capsys, tty=False))
