"""No file ends a tick or an import with anything but its own refusal: neither one that its reader
fails on, nor one that asks for more memory, time or room than it may have.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import sys
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
import towns
from processes import PIPE, forked
from towns import CLAIMS

from vouchercli import identities
from vouchercli.cli import wrapping
from vouchercli.cli.main import main
from vouchercli.errors import VoucherError
from vouchercli.formats.configs import limits
from vouchercli.formats.tables import encodings, foreign
from vouchercli.ops.intake import apart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran, Start

    Voucher = Callable[..., Ran]

PACK = towns.pack("pack", towns.coupon("10.00", "40.00", 2))
CLOSED = "2020-03-28 12:00:00"
SMALL = "file_mib: 1\nmemory_mib: 2000\nreader_mib: 100\nminutes: 5\n"


@pytest.fixture
def town(voucher: Voucher, once: Once, here: Path) -> Voucher:
    """Round r1 is open until noon; small limits stand beside the database."""

    def build() -> None:
        towns.build(voucher, towns.programme(), PACK, merchants="merchant_no,name\nM1,面馆\n")
        towns.make_round(voucher, "r1", closes=CLOSED, packs=100, state="open")

    once("hostile files", build)
    (here / limits.FILE).write_text(SMALL, "utf-8")
    return voucher


def far_cell(place: str) -> bytes:
    """A workbook with a value at `place`, far from its table: its reader makes room for all cells
    before.
    """
    import xlsxwriter

    usual, made = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(usual) as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "claim_no")
        sheet.write("C2", 1)
    with zipfile.ZipFile(usual) as source, zipfile.ZipFile(made, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, source.read(name).replace(b'r="C2"', b'r="%s"' % place.encode()))
    return made.getvalue()


def blanks() -> bytes:
    """A small archive of 210 MiB of blank lines."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CLAIMS.encode() + (b" " * 1023 + b"\n") * (210 << 10))
    return made.getvalue()


def land(here: Path, name: str, content: bytes, kind: str = "claims") -> Path:
    """A file in the inbox that has not changed for long."""
    path = here / "inbox" / "voucher" / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1, 1))
    return path


def tick(start: Start, here: Path, now: str = CLOSED) -> tuple[int, dict[str, Any], str]:
    """A tick in a process of its own: its exit code, its answer, what it says."""
    child = start(here, "schedule", "tick", "--now", now, "-o", "json", out=PIPE, err=PIPE)
    out, err = child.communicate()
    return child.wait(), json.loads(out), err


def deeds(answer: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """(job, of what, result, code) of what a tick did."""
    return [
        (each["deed"], each["subject"], each["result"], each["code"])
        for each in answer["data"]["deeds"]
    ]


# ---------------------------------------------------------------- the tick


def test_a_file_that_no_reader_can_bear_stops_nobody(town: Voucher, here: Path) -> None:
    land(here, "far.xlsx", far_cell("XFD20000"))
    land(here, "good.csv", (CLAIMS + "C1,r1,r 1,2020-03-27 09:00:00\n").encode())
    land(here, "large.csv", CLAIMS.encode() + b"x" * (2 << 20))
    code, answer, err = tick(forked, here)
    assert (code, "Traceback" in err) == (4, False)
    assert deeds(answer) == [
        ("close", "r1", "done", None),
        ("import", "voucher/claims/far.xlsx", "failed", "reader_failed"),
        ("import", "voucher/claims/good.csv", "done", None),
        ("import", "voucher/claims/large.csv", "failed", "file_too_large"),
        ("release", "r1", "done", None),
    ]
    kind = here / "inbox/voucher/claims"
    assert sorted(each.name for each in (kind / "failed").glob("*.*")) == [
        "far.xlsx",
        "far.xlsx.json",
        "large.csv",
        "large.csv.json",
    ]
    summary = json.loads((kind / "failed/far.xlsx.json").read_text("utf-8"))
    assert [each["code"] for each in summary["problems"]] == ["reader_failed"]
    assert (kind / "done/good.csv").exists()
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        assert db.execute("SELECT count(*), max(failed) FROM heartbeat").fetchone() == (1, 2)
    assert tick(forked, here)[1]["data"]["deeds"] == []


def test_a_pipe_and_a_name_that_is_not_utf8_are_told_once_and_passed_over(
    town: Voucher, here: Path
) -> None:
    good = land(here, "good.csv", (CLAIMS + "C1,r1,r 1,2020-03-27 09:00:00\n").encode())
    os.mkfifo(good.with_name("pipe.csv"))
    named = good.with_name(os.fsdecode("领取.csv".encode("gbk")))
    named.touch()
    os.utime(named, (1, 1))
    code, answer, err = tick(forked, here)
    assert (code, "Traceback" in err) == (0, False)
    assert [each[:3] for each in deeds(answer) if each[0] in ("import", "remind")] == [
        ("import", "voucher/claims/good.csv", "done"),
        ("remind", "voucher/claims/pipe.csv", "done"),
        ("remind", "voucher/claims/\\xc1\\xecȡ.csv", "done"),
    ]
    assert tick(forked, here)[1]["data"]["deeds"] == []


def test_limits_that_cannot_be_read_leave_the_files_and_stop_nothing_else(
    town: Voucher, here: Path
) -> None:
    good = land(here, "good.csv", (CLAIMS + "C1,r1,r 1,2020-03-27 09:00:00\n").encode())
    (here / limits.FILE).write_text("minutes: soon\n", "utf-8")
    code, answer, _ = tick(forked, here)
    assert code == 4 and good.exists()
    assert deeds(answer) == [
        ("close", "r1", "done", None),
        ("import", "limits.yaml", "failed", "bad_yaml"),
        ("release", "r1", "done", None),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", lambda: far_cell("XFD1048576"), "reader_failed"),
        ("a.xlsx", lambda: far_cell("A4294967295"), "reader_failed"),
        ("a.xlsx", lambda: far_cell("ZZZZZZZ2"), "reader_failed"),
        ("a.xlsx", lambda: far_cell("XFD20000"), "reader_failed"),
        ("a.parquet", lambda: b"PAR1" + bytes(100), "bad_parquet"),
        ("a.xls", lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "bad_spreadsheet"),
        ("a.zip", blanks, "archive_bomb"),
    ],
)
def test_each_hostile_file_goes_to_failed(
    town: Voucher,
    here: Path,
    start: Start,
    name: str,
    content: Callable[[], bytes],
    code: str,
) -> None:
    land(here, name, content())
    ended, answer, err = tick(start, here)
    assert (ended, "Traceback" in err) == (4, False)
    assert deeds(answer)[1][2:] == ("failed", code)
    assert (here / "inbox/voucher/claims/failed" / name).exists()


# ---------------------------------------------------------------- by hand


def test_an_import_by_hand_is_refused_as_any_other(town: Voucher, here: Path) -> None:
    (here / "far.xlsx").write_bytes(far_cell("XFD20000"))
    child = forked(here, "claim", "import", "far.xlsx", "-o", "json", out=PIPE, err=PIPE)
    out, err = child.communicate()
    answer = json.loads(out)
    assert (child.wait(), err) == (3, "")
    assert (answer["status"], answer["data"]) == ("refused", None)
    assert [each["code"] for each in answer["problems"]] == ["reader_failed"]


def test_what_an_import_apart_says_is_what_it_says_here(
    town: Voucher, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "a.zip").write_bytes(_zipped((CLAIMS + "C1,r1,r 1,2020-03-27 09:00:00\n").encode()))
    words = ("claim", "import", "a.zip", "--now", "2020-03-27 12:00:00", "--dry-run")
    for output, expected in (("table", 0), ("json", 0)):
        child = forked(here, *words, "-o", output, out=PIPE, err=PIPE)
        said = child.communicate()
        capfd.readouterr()
        code = main([*words, "-o", output])
        assert (child.wait(), code) == (expected, expected)
        assert said == tuple(capfd.readouterr())


def _zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", content)
    return made.getvalue()


def test_an_unusable_word_is_refused_before_anything_is_done(town: Voucher) -> None:
    number = town("batch", "show", "9" * 20, expect=2)
    assert number.err.splitlines()[0].endswith("is larger than any number here [number_too_large]")
    named = town("claim", "import", "\udcc1.csv", expect=2)
    assert named.err.splitlines()[0].endswith("in another encoding [not_utf8]")


@pytest.mark.parametrize(
    "words",
    [
        "{}",
        "claim {}",
        "--{}",
        "claim import --{} x.csv",
        "claim import x.csv {}",
        "round show {}",
        "round list -o {}",
        "round list --lang {}",
        "round list --programme {}",
        "--db {} round list",
        "help {}",
    ],
)
def test_a_word_in_gbk_is_refused_as_no_text_wherever_it_stands(
    voucher: Voucher, words: str
) -> None:
    typed = words.format(os.fsdecode("你好".encode("gbk"))).split()
    dash = "--" if words.startswith("--{") or " --{" in words else ""
    for options, said in (
        ((), "is not UTF-8: it was written or named in another encoding [not_utf8]"),
        (("--lang", "zh"), "不是 UTF-8：是用其他编码书写或命名的 [not_utf8]"),
    ):
        if "--lang" in typed and options:
            continue
        first = voucher(*options, *typed, expect=2).err.splitlines()[0]
        assert first.endswith(said)
        assert rf"{dash}\xc4\xe3\xba\xc3" in first
    answer = json.loads(voucher("-o", "json", *typed, expect=2).out or "null")
    if "-o" not in typed:
        assert [each["code"] for each in answer["problems"]] == ["not_utf8"]


@pytest.mark.parametrize("name", ["DB", "NOW", "ACTOR", "PROGRAMME"])
def test_a_variable_in_gbk_is_refused_as_no_text(
    town: Voucher, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"VOUCHER_{name}", os.fsdecode("你好".encode("gbk")))
    assert town("round", "list", expect=2).err.splitlines()[0] == (
        rf"VOUCHER_{name}: error: \xc4\xe3\xba\xc3 is not UTF-8: it was written or named in"
        " another encoding [not_utf8]"
    )


# ---------------------------------------------------------------- the watch over a process


def wait_for(act: Callable[[], None], allowed: limits.Limits) -> tuple[VoucherError | None, int]:
    """Why a process that does `act` was ended, and its exit code."""
    ended, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        act()
        os._exit(0)
    os.close(theirs)
    why = apart.Apart(pid, "a.xlsx", allowed).wait(ended, lambda: None)
    os.close(ended)
    return why, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_process_that_takes_too_long_or_too_much_is_ended() -> None:
    why, code = wait_for(signal.pause, limits.Limits(minutes=0))
    assert why is not None and (why.code, code) == ("import_too_long", -signal.SIGKILL)
    why, code = wait_for(signal.pause, limits.Limits(memory_mib=1))
    assert why is not None and (why.code, code) == ("import_too_big", -signal.SIGKILL)
    assert wait_for(lambda: None, limits.DEFAULTS) == (None, 0)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, None),
        (4, None),
        (-signal.SIGTERM, "import_ended"),
        (-signal.SIGINT, "import_ended"),
        (-signal.SIGKILL, "reader_failed"),
        (-signal.SIGABRT, "reader_failed"),
    ],
)
def test_how_a_process_ended_is_said(code: int, expected: str | None) -> None:
    refused = apart.verdict("a.xlsx", code)
    assert (refused.code if refused else None) == expected


def test_a_reader_that_panics_is_a_refusal() -> None:
    panic = type("PanicException", (BaseException,), {})
    for error in (panic("range end index 2"), MemoryError()):
        with pytest.raises(VoucherError) as caught, foreign.reading("a.xls"):
            raise error
        assert caught.value.code == "reader_failed"
    with pytest.raises(KeyboardInterrupt), foreign.reading("a.xls"):
        raise KeyboardInterrupt


def test_the_limits_beside_a_database(here: Path) -> None:
    assert limits.of_database(here / "voucher.db") == limits.Limits(8192, 4096, 3072, 120)
    (here / limits.FILE).write_text("minutes: 5\n", "utf-8")
    assert limits.of_database(here / "voucher.db") == limits.Limits(8192, 4096, 3072, 5)
    (here / limits.FILE).write_text("minutes: 0\nhours: 2\n", "utf-8")
    with pytest.raises(VoucherError) as caught:
        limits.of_database(here / "voucher.db")
    assert caught.value.code == "bad_yaml"


def test_what_is_no_text_never_spoils_an_answer(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = here / os.fsdecode("你好".encode("gbk"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", errors="surrogateescape"))
    main(["doctor", "-o", "json"])
    main(["init", "-o", "json"])
    for line in out.getvalue().decode("utf-8").splitlines():
        assert json.loads(line)


# ---------------------------------------------------------------- lines and rows without end


class Endless(io.RawIOBase):
    """A text whose second line never ends; `given`: how many octets of it were read."""

    def __init__(self, begin: bytes) -> None:
        self.begin, self.given = begin, 0

    def read(self, size: int = -1) -> bytes:
        begin, self.begin = self.begin[:size], self.begin[size:]
        self.given += size
        return begin + b"," * (size - len(begin))


@pytest.mark.parametrize("begin", [b"a,b\nx", "备注\n你".encode("gbk"), b"\xff\xfea\0\n\0,\0"])
def test_a_line_without_end_is_refused_before_much_of_it_is_read(begin: bytes) -> None:
    opened: list[Endless] = []

    def open_again() -> BinaryIO:
        opened.append(Endless(begin))
        return opened[-1]  # type: ignore[return-value]

    with pytest.raises(VoucherError) as caught:
        encodings.encoding_of(open_again, "x.csv")
    assert (caught.value.code, caught.value.where) == ("line_too_long", "x.csv:2")
    assert sum(each.given for each in opened) < 20 << 20


@pytest.mark.parametrize("words", ["claim import", "profile try", "profile guess"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_lines_and_headers_have_a_longest(
    town: Voucher, here: Path, words: str, encoding: str
) -> None:
    (here / limits.FILE).unlink()  # larger files are read
    head = CLAIMS.replace("\n", ",备注\n")
    (here / "a.csv").write_text(head + "x" + "," * (6 << 20) + "\n", encoding)
    refused = town(*words.split(), "a.csv", expect=3).err
    assert "a.csv:2: error: line 2 of a.csv is longer than 4 MiB" in refused
    (here / "b.csv").write_text(head[:-1] + ",x" * 16_384 + "\n" + "1," * 16_000, encoding)
    refused = town(*words.split(), "b.csv", expect=3).err
    assert "b.csv:1: error: b.csv has more than 16,384 columns" in refused


def test_of_a_row_far_wider_than_any_header_not_every_cell_is_kept(
    town: Voucher, here: Path
) -> None:
    (here / "a.csv").write_text(CLAIMS + "C1,r1,r 1,2020-03-27 09:00:00" + ",x" * 99_996 + "\n")
    refused = town("claim", "import", "a.csv", expect=4).err
    assert "a.csv:2: error: the row has 100000 cells, the header 4" in refused
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        (kept,) = db.execute("SELECT cells FROM rejects").fetchone()
    assert len(json.loads(kept)) == 16_385


@pytest.mark.slow
def test_a_cell_of_a_million_numbers_is_looked_through_and_shown() -> None:
    """Were each of them compared with all behind it, this would not end in an hour."""
    cell = "0-" * 1_000_000  # nobody has such a number
    assert identities.hide(cell) == cell
    assert wrapping.fold("a " * 1_000_000, 3_000_000) == ("a " * 1_000_000).rstrip()
