"""What only odd machines, files and moments bring about: locks, full disks, small disks, old clocks,
progress on a terminal, archives in archives. Each answer is fixed, with its code.
"""

from __future__ import annotations

import errno
import gzip
import os
import signal
import sqlite3
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from test_formats_sources import ROWS, TEXT, refusal, rows, written, zipped

from vouchercli.cli import import_options
from vouchercli.errors import Busy, VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.tables import archives
from vouchercli.ops.intake.staging import reject_cells
from vouchercli.ops.proof import doctor
from vouchercli.ops.schedule import jobs
from vouchercli.result import Outcome, Problem
from vouchercli.rules import times
from vouchercli.store.db import busy_or_refused, refused_by_machine

if TYPE_CHECKING:
    from vouchercli.session import Session

# ---------------------------------------------------------------- what SQLite and the disk refuse


def broken(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("why")
    error.sqlite_errorcode = code
    return error


LATER = {  # the code of SQLite -> ours
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_BUSY | 2 << 8: "busy",  # an extended code
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "no_permission",
    sqlite3.SQLITE_CANTOPEN: "no_permission",
    sqlite3.SQLITE_PERM: "no_permission",
    sqlite3.SQLITE_NOTADB: "not_a_database",
    sqlite3.SQLITE_CORRUPT: "damaged_database",
    sqlite3.SQLITE_IOERR: "damaged_database",
}


@pytest.mark.parametrize(("number", "code"), LATER.items())
def test_an_error_of_sqlite_is_the_users_or_the_machines(
    number: int, code: str, tmp_path: Path
) -> None:
    refused = busy_or_refused(broken(number), tmp_path / "x.db")
    assert (refused.code, isinstance(refused, Busy)) == (code, code == "busy")
    assert refused.exit_code == (75 if code == "busy" else 3)


def test_a_database_that_may_not_be_read_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, error = tmp_path / "x.db", broken(sqlite3.SQLITE_CANTOPEN)
    path.touch()
    assert "cannot be written" in busy_or_refused(error, path).text
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "cannot be read" in busy_or_refused(error, path).text


def test_what_to_do_about_a_file_that_is_not_written_depends_on_why() -> None:
    full, denied = (
        whole_files.unwritable(Path("x"), OSError(number, "why"))
        for number in (errno.ENOSPC, errno.EACCES)
    )
    assert full.hint.startswith("free some space")
    assert denied.hint.startswith("check the folder")


def test_a_bug_in_a_statement_stays_one(tmp_path: Path) -> None:
    for error in (broken(sqlite3.SQLITE_ERROR), sqlite3.ProgrammingError("closed")):
        with pytest.raises(sqlite3.Error) as raised:
            busy_or_refused(error, tmp_path)
        assert raised.value is error
    with pytest.raises(BrokenPipeError):
        refused_by_machine(BrokenPipeError(errno.EPIPE, "left"), tmp_path)
    assert refused_by_machine(OSError(errno.ENOSPC, "full"), tmp_path).code == "disk_full"


def test_a_job_that_is_refused_is_a_result_and_a_busy_file_stops_all(tmp_path: Path) -> None:
    session: Any = SimpleNamespace(path=tmp_path / "x.db", now=7)
    blank = jobs.Done("open", "r1", "UTC")

    def attempt(result: Any) -> jobs.Done | None:
        def work(given: Session, *args: int) -> Outcome | None:
            assert (given, args) == (session, (1, 2))
            if isinstance(result, Exception):
                raise result
            return result  # type: ignore[no-any-return]

        return jobs.attempt(session, blank, work, 1, 2)

    assert attempt(None) is None
    for outcome, result in ((Outcome(), "done"), (Outcome(status="partial"), "partial")):
        done = attempt(outcome)
        assert done is not None and (done.outcome, done.error, done.result) == (
            outcome,
            None,
            result,
        )
    for error, code in (
        (VoucherError("own", "no"), "own"),
        (broken(sqlite3.SQLITE_FULL), "disk_full"),
        (OSError(errno.ENOSPC, "full"), "disk_full"),
    ):
        done = attempt(error)
        assert done is not None and done.error is not None
        assert (done.error.code, done.outcome, done.result) == (code, None, "failed")
        assert done.problems("here")[0].where == "here"
    for stop in (broken(sqlite3.SQLITE_BUSY), Busy("busy", "busy")):
        with pytest.raises(Busy):
            attempt(stop)
    for bug in (broken(sqlite3.SQLITE_ERROR), KeyError("T1"), RecursionError("too deep")):
        done = attempt(bug)
        assert done is not None and done.error is not None
        assert (done.error.code, done.result) == ("unforeseen", "failed")
    late = Problem("late", "late", level="warning")
    assert jobs.Done("open", "r", "UTC", outcome=Outcome(problems=(late,))).problems() == (late,)
    assert jobs.Done("open", "r", "UTC").problems() == ()


# ---------------------------------------------------------------- doctor


@pytest.mark.parametrize(
    ("free_mib", "file_mib", "level"),
    [
        (1024, None, None),
        (1023, None, "warning"),
        (100, None, "warning"),
        (99, None, "error"),
        (2000, 1000, None),
        (1999, 1000, "warning"),
    ],
)
def test_free_space_is_asked_for_twice_the_file(
    free_mib: int,
    file_mib: int | None,
    level: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "x.db"
    if file_mib is not None:
        path.touch()
        os.truncate(path, file_mib << 20)  # sparse
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=free_mib << 20))
    room = doctor._room(path)
    assert room.value == f"{free_mib:,} MiB"
    assert (room.problem and room.problem.level) == level
    assert room.problem is None or room.problem.params["free"] == free_mib


def test_a_closed_folder_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    problem = doctor._room(tmp_path / "x.db").problem
    assert problem is not None and (problem.code, problem.level) == ("folder_not_writable", "error")


@pytest.mark.parametrize(
    ("encoding", "name", "is_poor"),
    [
        ("UTF8", "utf-8", False),
        ("gb18030", "gb18030", False),
        ("ascii", "ascii", True),
        ("?", "", True),
    ],
)
def test_a_terminal_that_cannot_show_everything_is_a_warning(
    encoding: str, name: str, is_poor: bool
) -> None:
    found = doctor._terminal(encoding)
    assert (found.value, found.problem is not None) == (name, is_poor)
    assert found.problem is None or (found.problem.code, found.problem.level) == (
        "no_utf8",
        "warning",
    )


def test_missing_time_zones_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._time_zones() == doctor.Finding("Time zones", "Asia/Shanghai")
    monkeypatch.setattr(doctor, "HOME_ZONE", "Nowhere/Town")
    problem = doctor._time_zones().problem
    assert problem is not None and problem.code == "no_time_zones"


def test_the_nearest_mount_decides_the_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(doctor, "MOUNTS", mounts)
    folder = tmp_path / "city"
    assert doctor._file_system(folder / "x.db") == ""
    mounts.write_text(f"a / ext4 rw\nb {tmp_path} xfs rw\nc {folder} nfs4 rw\nd {folder}2 9p rw\n")
    assert doctor._file_system(folder / "x.db") == "nfs4"
    assert doctor._file_system(tmp_path / "city3" / "x.db") == "xfs"
    assert doctor._file_system(Path("/x.db")) == "ext4"
    problem = doctor._drive(folder / "x.db").problem
    assert problem is not None and (problem.code, problem.level) == ("network_drive", "error")
    assert doctor._drive(Path("/x.db")) == doctor.Finding("Drive", "ext4")


@pytest.mark.parametrize(
    ("last_tick_at", "failed", "code"),
    [
        (None, 0, None),
        (1000, 0, None),
        (100, 0, None),
        (99, 0, "tick_late"),
        (500, 2, "tick_failed"),
    ],
)
def test_a_clock_that_has_stopped_is_a_warning(
    last_tick_at: int | None, failed: int, code: str | None
) -> None:
    vitals: Any = SimpleNamespace(
        last_tick_at=last_tick_at, last_tick_failed=failed, jumped_at=None
    )
    found = doctor._tick(vitals, 1000)
    assert (found.problem and found.problem.code) == code
    shown = "no tick yet" if last_tick_at is None else times.shown(last_tick_at, "Asia/Shanghai")
    assert found.value == shown


@pytest.mark.parametrize(("last", "is_behind"), [(None, False), (1000, False), (1001, True)])
def test_a_clock_behind_the_log_is_told_to_the_second(last: int | None, is_behind: bool) -> None:
    vitals: Any = SimpleNamespace(last_deed_at=last)
    assert (doctor._clock(vitals, 1000).problem is not None) == is_behind


# ---------------------------------------------------------------- progress of an import


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A monotonic clock that a test moves."""
    now = [100.0]
    monkeypatch.setattr(import_options.time, "monotonic", lambda: now[0])
    return now


def test_every_ten_seconds_a_long_import_reports_when_asked(
    seconds: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    with import_options.watch_import(is_verbose=True) as progress:
        seconds[0] = 109.9
        progress.read(9_900)
        assert capfd.readouterr().err == ""
        seconds[0] = 110.0
        progress.read(10_100)
        assert capfd.readouterr().err == "20,000 rows read, 2,000 rows/s\n"
        seconds[0] = 119.0
        progress.committed(0.25)
        assert capfd.readouterr().err == ""
        seconds[0] = 140.0
        progress.committed(0.25)
        assert capfd.readouterr().err == "20,000 rows read, 500 rows/s, 2:00 left\n"
        seconds[0] = 165.0
        progress.committed(0.5)
        assert capfd.readouterr().err == "20,000 rows read, 307 rows/s, 1:05 left\n"
    with import_options.watch_import() as silent:
        seconds[0] = 200.0
        silent.read(1)
    assert capfd.readouterr().err == ""


def test_on_a_terminal_a_bar_shows_the_share(
    seconds: list[float], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = import_options.ImportProgress(is_verbose=False)
    seconds[0] = 101.0
    progress.read(5)
    bar = progress._progress
    assert bar is not None
    assert (bar.tasks[0].description, bar.tasks[0].total) == ("5 rows read, 5 rows/s", None)
    progress.committed(0.5)
    (task,) = bar.tasks
    assert (task.description, task.completed, task.total) == (
        "5 rows read, 5 rows/s, 0:01 left",
        0.5,
        1.0,
    )
    progress.leave()
    assert bar.finished is False and not bar.live.is_started


def test_the_first_interrupt_stops_at_the_end_of_the_chunk_the_second_at_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGINT)
    progress = import_options.ImportProgress(is_verbose=False)
    progress.read(1)
    assert signal.getsignal(signal.SIGINT) is before  # nothing is committed yet
    progress.committed(None)
    progress.committed(0.5)
    ask = signal.getsignal(signal.SIGINT)
    assert callable(ask) and ask is not before and not progress.is_stopped
    ask(signal.SIGINT, None)
    assert progress.is_stopped
    assert "stopping at the end of this chunk" in capfd.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        ask(signal.SIGINT, None)
    progress.leave()
    assert signal.getsignal(signal.SIGINT) is before


# ---------------------------------------------------------------- archives


def packed(content: bytes, times: int) -> bytes:
    for _ in range(times):
        content = gzip.compress(content, mtime=0)
    return content


def test_three_wrappings_are_opened_and_a_fourth_is_not(tmp_path: Path) -> None:
    assert rows(written(tmp_path, packed(TEXT.encode(), 3), "x.csv.gz")) == ROWS
    fourth = archives.unpack(
        archives.blob_of(
            path := written(tmp_path, packed(b"a,b\n", 4), "x.csv.gz.gz"), "x.gz.gz", 9
        )
    )
    assert path.exists() and fourth.name == "x"
    with fourth.open() as stream:
        assert stream.read(2) == archives.GZIP_MAGIC


def test_what_an_archive_holds_is_named_when_it_cannot_be_used(tmp_path: Path) -> None:
    nothing = refusal(zipped(tmp_path, {"folder/": b"", "__MACOSX/x": b"x"}))
    assert str(nothing).endswith("x.zip holds no file that can be imported: __MACOSX/x")
    assert str(refusal(zipped(tmp_path, {}, "y.zip"))).endswith("can be imported: ")
    several = refusal(zipped(tmp_path, {"a.csv": b"a", "Thumbs.db": b"x", "b.csv": b"b"}))
    assert "holds 2 files" in str(several) and str(several).endswith("to import: a.csv, b.csv")


@pytest.mark.parametrize(
    ("flag", "kept", "meant"),
    [
        (0x800, "业务.csv", "业务.csv"),
        (0, "业务.csv".encode().decode("cp437"), "业务.csv"),
        (0, "业务.csv".encode("gb18030").decode("cp437"), "业务.csv"),
        (0, "€.csv", "€.csv"),
        (0, b"\xff.csv".decode("cp437"), b"\xff.csv".decode("cp437")),
    ],
)
def test_the_name_of_an_entry_is_as_it_was_meant(flag: int, kept: str, meant: str) -> None:
    info = zipfile.ZipInfo(kept)
    info.filename, info.flag_bits = kept, flag
    assert archives.entry_name(info) == meant


def test_a_gzip_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    whole = gzip.compress(os.urandom(5000), mtime=0)
    error = refusal(written(tmp_path, whole[:-2500], "x.csv.gz"))
    assert error.code == "bad_archive" and "is damaged or cut off: " in str(error)


def test_a_zip_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    raw = zipped(tmp_path, {"x.csv": TEXT.encode()}).read_bytes()
    assert refusal(written(tmp_path, raw[:-30], "x.zip")).code == "bad_archive"
    unknown = bytearray(raw)
    for place in (raw.index(b"PK\x03\x04") + 8, raw.index(b"PK\x01\x02") + 10):
        unknown[place] = 99  # a method of packing that nobody knows
    assert refusal(written(tmp_path, bytes(unknown), "x.zip")).code == "bad_archive"


@pytest.mark.parametrize(("given", "is_bomb"), [(3000, False), (3001, True)])
def test_a_bomb_is_known_by_its_ratio(
    given: int, is_bomb: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 1000)
    content = archives.io.BytesIO(b"x" * given)
    blob = archives.Blob("x", lambda: content, 10)
    stream = archives.io.BufferedReader(archives._Measured(content, blob), 10_000)
    if is_bomb:
        with pytest.raises(VoucherError, match="unpacks to more data"):
            stream.read()
    else:
        assert len(stream.read()) == given


def test_the_share_of_a_file_is_what_its_latest_reading_has_read(tmp_path: Path) -> None:
    blob = archives.blob_of(written(tmp_path, b"abcd"), "x", 4)
    assert blob.share() is None
    first = blob.open()
    first.read(4)
    with blob.open() as second:
        second.read(1)
        assert blob.share() == 0.25
    assert blob.share() is None
    assert archives.blob_of(written(tmp_path, b"", "y"), "y", 0).share() is None
    first.close()


# ---------------------------------------------------------------- rejects


def test_a_reject_kept_by_our_fields_is_laid_out_as_its_file() -> None:
    places = {"claim_no": 2, "resident": 0}
    reading: Any = SimpleNamespace(header=("id", "x", "no"), position=places.get)
    assert reject_cells("claims", ["as", "it", "was"], reading) == ["as", "it", "was"]
    assert reject_cells("claims", {"claim_no": "C1", "resident": "r", "round": "q"}, reading) == [
        "r",
        "",
        "C1",
    ]
