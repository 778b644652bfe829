"""Imports in chunks: stopped, resumed, overtaken, watched; whoever looks on sees whole chunks
only.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import towns
from big_town import canonical, copied, left_by, prepare
from processes import PIPE

from vouchercli.errors import Busy, Stopped
from vouchercli.ops.answers import answer
from vouchercli.ops.intake import applications, by_columns, chunks, claims
from vouchercli.ops.intake import redemptions as ops
from vouchercli.ops.reports.leverage import report_leverage
from vouchercli.store import audit, checks, redemptions
from vouchercli.store import db as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Once, Start

    from vouchercli.session import Session

NOW = towns.at("2020-03-30 09:00")
ROWS = 200  # lines 2 to 201, in chunks of 50: five of them
APPLICATIONS = "application_no,round,resident,applied_at\n"
IMPORT = ("redemption", "import", "r.csv", "-o", "json")


class Onlooker:
    """Does something after each chunk, and while one is being written."""

    def __init__(
        self, committed: Callable[[int], bool | None], within: Callable[[], None] = lambda: None
    ) -> None:
        self.is_stopped, self.chunks = False, 0
        self._committed, self._within = committed, within

    def read(self, rows: int) -> None:
        self._within()

    def idle(self) -> None:
        pass

    def is_awaited(self) -> bool:
        return False

    def committed(self, share: float | None) -> None:
        self.chunks += 1
        self.is_stopped = bool(self._committed(self.chunks))


@pytest.fixture(
    params=[
        pytest.param(1 << 40, id="by rows", marks=pytest.mark.slow),
        pytest.param(0, id="by columns"),
    ]
)
def town(
    city: Any,
    here: Path,
    once: Once,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Any:
    """A town with 130 claims and a file of 200 redemptions, refunds and faulty rows; chunks have 50
    lines, each its own commit.
    """
    voucher = city(with_claims=False)
    once("chunks", lambda: prepare(voucher, here, 130, ROWS))
    monkeypatch.setattr(chunks, "LINES", 50)
    monkeypatch.setattr(chunks, "TOGETHER", 1)
    monkeypatch.setattr(by_columns, "BYTES", request.param)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-30T09:00:00+08:00")
    return voucher


@contextmanager
def session(here: Path) -> Iterator[Session]:
    """A second command in this process: a connection of its own, which waits for nobody."""
    with towns.session(here / "voucher.db", store.os_user(), NOW) as one:
        one.db.execute("PRAGMA busy_timeout = 0")
        yield one


def stop_after(here: Path, wanted: int) -> Stopped:
    """Import r.csv and stop after so many chunks."""
    with session(here) as one, pytest.raises(Stopped) as stopped:
        ops.import_redemptions(one, "r.csv", watch=Onlooker(lambda done: done == wanted))
    return stopped.value


def facts(folder: Path) -> list[str]:
    """What stands, without the numbers that rows were given."""
    tables = (
        "claims",
        "redemptions",
        "redemption_runs",
        "rejects",
        "warnings",
        "claim_totals",
        "group_totals",
        "merchant_totals",
        "funder_totals",
        "used_claims",
    )
    return [line for line in canonical(folder / "voucher.db") if line.split()[0] in tables]


def undisturbed(here: Path, name: str = "calm") -> list[str]:
    """What one import of a copy leaves."""
    calm = copied(here, name)
    with session(calm) as one:
        ops.import_redemptions(one, "r.csv")
    return canonical(calm / "voucher.db")


# ---------------------------------------------------------------- stopped and resumed


def test_a_stopped_import_says_how_to_go_on_and_ends_as_if_undisturbed(
    town: Any, here: Path
) -> None:
    wanted = undisturbed(here)
    stopped = stop_after(here, 2)
    assert (stopped.exit_code, stopped.hint, stopped.params) == (
        130,
        "voucher batch resume {batch}",
        {"line": 100, "file": "r.csv", "batch": 3},
    )
    [batch] = town("batch", "list", "--kind", "redemptions", "-o", "json").data["batches"]
    assert (batch["state"], batch["read"]) == ("importing", 99)
    assert "voucher batch resume 3" in town("batch", "show", "3").err
    assert "导入中" in town("batch", "list", "--lang", "zh").out
    data = town("batch", "resume", "3", "-o", "json", expect=4).data
    assert data["read"] == ROWS == data["accepted"] + data["duplicate"] + data["rejected"]
    assert canonical(here / "voucher.db") == wanted


@pytest.mark.parametrize("done", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 4))])
def test_the_same_command_goes_on_where_the_import_stopped(
    town: Any, here: Path, done: int
) -> None:
    wanted = undisturbed(here)
    stop_after(here, done)
    assert town(*IMPORT, expect=4).data["read"] == ROWS
    assert canonical(here / "voucher.db") == wanted
    assert town(*IMPORT).data["repeats"] == 3


@pytest.mark.slow
def test_many_small_chunks_and_one_large_one_come_to_the_same(
    town: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(lines: int) -> tuple[Any, ...]:
        folder = copied(here, f"by{lines}")
        monkeypatch.setattr(chunks, "LINES", lines)
        with session(folder) as one:
            return ops.import_redemptions(one, str(here / "r.csv")).data, left_by(
                folder / "voucher.db"
            )

    whole = left(1000)
    assert whole[0]["reasons"].keys() == {
        "unknown_merchant",
        "transaction_reused",
        "refund_without_payment",
    }
    for lines in (7, 50, 200, 201):
        assert left(lines) == whole, lines


def test_a_dry_run_in_chunks_leaves_nothing(town: Any, here: Path) -> None:
    before = canonical(here / "voucher.db")
    dry = town(*IMPORT, "--dry-run", expect=4).data
    assert canonical(here / "voucher.db") == before
    wet = town(*IMPORT, expect=4).data
    assert {**dry, "batch": wet["batch"]} == wet


def test_a_batch_that_is_done_or_undone_or_of_another_file_cannot_be_resumed(
    town: Any, here: Path
) -> None:
    stop_after(here, 1)
    (here / "other.csv").write_text(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,subsidy\n"
    )
    assert "[other_file]" in town("batch", "resume", "3", "--file", "other.csv", expect=3).err
    (here / "r.csv").rename(here / "moved.csv")
    assert "[no_such_file]" in town("batch", "resume", "3", expect=3).err
    assert (
        town("batch", "resume", "3", "--file", "moved.csv", "-o", "json", expect=4).data["read"]
        == ROWS
    )
    assert "[batch_done]" in town("batch", "resume", "3", expect=3).err
    town("batch", "undo", "3", "--yes")
    assert "[batch_undone]" in town("batch", "resume", "3", expect=3).err
    assert "[unknown_batch]" in town("batch", "resume", "9", expect=3).err


def test_the_rejects_of_an_unfinished_batch_wait_and_the_batch_can_be_undone(
    town: Any, here: Path
) -> None:
    before = facts(here)
    stop_after(here, 3)
    assert "voucher batch resume 3" in town("batch", "retry", "3", expect=3).err
    town("batch", "undo", "3", "--yes")
    assert facts(here) == before
    town("check")
    assert town(*IMPORT, expect=4).data["batch"] == 4


def test_merchants_are_reported_while_an_import_runs(town: Any, here: Path) -> None:
    """Their totals are written when it ends; until then its facts are added to what is kept."""
    stop_after(here, 3)
    is_waiting = towns.ask(".", "SELECT count(*) FROM uncounted_runs") != [(0,)]
    assert is_waiting == (by_columns.BYTES == 0)
    for until in ([], ["--as-of", "2020-03-28 09:00"]):
        whole, by_merchant = (
            town("report", "leverage", "--by", by, *until, "-o", "json").data["total"]
            for by in ("round", "merchant")
        )
        assert by_merchant == whole
    shown = town("merchant", "show", "M1", "-o", "json").data["totals"]
    town(*IMPORT, expect=4)
    assert towns.ask(".", "SELECT count(*) FROM uncounted_runs") == [(0,)]
    later = town("merchant", "show", "M1", "-o", "json").data["totals"]
    assert 0 < shown[0]["base_fen"] < later[0]["base_fen"]


def test_merchants_are_counted_anew_when_others_took_facts_away_meanwhile(
    town: Any, here: Path
) -> None:
    def take_one(done: int) -> None:
        if done == 2:
            with session(here) as other, store.writing(other) as db:
                towns.book(db)
                redemptions.expect_leaving(db)
                db.execute("INSERT INTO leaving SELECT min(redemption_id) FROM redemptions")
                redemptions.take_out(db)
                db.execute("DELETE FROM booking")

    with session(here) as one:
        ops.import_redemptions(one, "r.csv", watch=Onlooker(take_one))
        assert checks.CHECKS["merchant_totals"](one.db) == []
        assert checks.CHECKS["batches_have_their_facts"](one.db) != []


@pytest.mark.parametrize(
    ("take_in", "head"),
    [(claims.import_claims, towns.CLAIMS), (applications.import_applications, APPLICATIONS)],
    ids=["claims", "applications"],
)
def test_a_file_goes_on_when_others_wrote_meanwhile(
    town: Any, here: Path, take_in: Callable[..., Any], head: str
) -> None:
    def write_one(done: int) -> None:
        with session(here) as other, store.writing(other):
            audit.note(other, "said", "something", after=done)

    rows = "".join(f"N{n},big,res{n},2020-03-27 09:00:{n % 60:02d}\n" for n in range(ROWS))
    (here / "more.csv").write_text(head + rows, "utf-8")
    with session(here) as one:
        assert take_in(one, "more.csv", watch=Onlooker(write_one)).data["read"] == ROWS


def test_an_import_that_others_stopped_within_can_be_checked(town: Any, here: Path) -> None:
    for done in (1, 2, 3, 4):
        folder = copied(here, f"after{done}")
        with session(folder) as one, pytest.raises(Stopped):
            ops.import_redemptions(
                one, str(here / "r.csv"), watch=Onlooker(lambda chunks, done=done: chunks == done)
            )
        town("check", "--db", str(folder / "voucher.db"))


def test_proved_chunks_are_committed_together(
    town: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed(here, "one by one")
    monkeypatch.setattr(chunks, "TOGETHER", 2)
    wanted = undisturbed(here)
    assert left_by(here / "calm" / "voucher.db") == left_by(here / "one by one" / "voucher.db")
    told: list[int] = []
    stopped = copied(here, "stopped")
    with session(here) as one:
        ops.import_redemptions(
            one, "r.csv", watch=Onlooker(lambda _: told.append(last_line(one.db)))
        )
    assert told == ([100, 200, 201] if by_columns.BYTES == 0 else [50, 100, 150, 200, 201])
    assert canonical(here / "voucher.db") == wanted
    monkeypatch.chdir(stopped)
    with session(stopped) as one, pytest.raises(Stopped):
        ops.import_redemptions(one, "r.csv", watch=Onlooker(lambda number: number == 2))
    town("check")
    with session(stopped) as one:
        ops.import_redemptions(one, "r.csv")
    assert canonical(stopped / "voucher.db") == wanted


def test_a_chunk_ends_where_much_is_left_to_the_judge(
    town: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed(here, "one by one")
    for name, number in (("TOGETHER", 4), ("LEFT_TO_JUDGE", 2)):
        monkeypatch.setattr(chunks, name, number)
    told: list[int] = []
    with session(here) as one:
        ops.import_redemptions(
            one, "r.csv", watch=Onlooker(lambda _: told.append(last_line(one.db)))
        )
    assert told == ([50, 200, 201] if by_columns.BYTES == 0 else [50, 100, 150, 200, 201])
    assert left_by(here / "voucher.db") == left_by(here / "one by one" / "voucher.db")


def last_line(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT last_line FROM batches WHERE kind = 'redemptions'").fetchone()[0])


def test_what_was_written_is_totalled_when_the_rest_is_read_row_by_row(
    town: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quote that is never closed ends the way by columns in the middle of a commit."""
    monkeypatch.setattr(chunks, "TOGETHER", 4)
    rows = (here / "r.csv").read_text("utf-8").splitlines()
    (here / "r.csv").write_text("\n".join([*rows[:120], '"open', *rows[120:], ""]), "utf-8")
    town(*IMPORT, expect=4)
    assert town("check", "-o", "json").json["status"] == "ok"


# ---------------------------------------------------------------- Ctrl-C


@pytest.mark.slow
def test_ctrl_c_ends_at_the_border_of_a_chunk(town: Any, here: Path, start: Start) -> None:
    prepare_more(here)
    wanted = undisturbed_child(here, start)
    child = start(
        here, "redemption", "import", "r.csv", lines=50, bytes_=by_columns.BYTES, err=PIPE
    )
    interrupt_once_it_has_begun(here, child)
    told = child.communicate()[1]
    assert (child.returncode, "[stopped]" in told, "voucher batch resume 3" in told) == (
        130,
        True,
        True,
    ), told
    assert start(here, "batch", "resume", "3", lines=50, bytes_=by_columns.BYTES).wait() == 4
    assert canonical(here / "voucher.db") == wanted


def prepare_more(here: Path, times_: int = 12) -> None:
    """A file that takes a while."""
    first, *rows = (here / "r.csv").read_text("utf-8").splitlines()
    strangers = [row.replace(",K", ",none") for row in rows] * times_
    (here / "r.csv").write_text("\n".join([first, *rows, *strangers, ""]), "utf-8")


def undisturbed_child(here: Path, start: Start) -> list[str]:
    calm = copied(here, "calm")
    assert (
        start(calm, "redemption", "import", "r.csv", lines=50, bytes_=by_columns.BYTES).wait() == 4
    )
    return canonical(calm / "voucher.db")


def interrupt_once_it_has_begun(here: Path, child: Any) -> None:
    """Press Ctrl-C when a chunk is safe and the program knows it: another has been committed since,
    alone or with its next.
    """
    seen: set[int] = set()
    with session(here) as one:
        while len(seen - {0}) < 2:
            seen.add(
                one.db.execute(
                    "SELECT coalesce(max(chunks), 0) FROM batches WHERE kind = 'redemptions'"
                ).fetchone()[0]
            )
            assert child.poll() is None
    child.send_signal(signal.SIGINT)


# ---------------------------------------------------------------- others at the same time


def test_a_report_sees_whole_chunks_only(town: Any, here: Path) -> None:
    seen: list[int] = []

    def look() -> None:
        with session(here) as other:
            seen.append(answer(report_leverage(other))["total"]["redemptions"])

    with session(here) as one:
        ops.import_redemptions(one, "r.csv", watch=Onlooker(lambda _: look(), within=look))
    within, between = seen[0::2], seen[1::2]
    assert len(set(between)) == 5
    assert within == [0, *between[:4]]


def test_a_second_writer_has_its_turn_between_two_chunks(town: Any, here: Path) -> None:
    wanted = undisturbed(here)

    def write(_: int) -> None:
        town(
            "round",
            "copy",
            "r1",
            f"next{watch.chunks}",
            "--opens-at",
            "2020-04-10 08:00",
            "--actor",
            "mei",
        )

    watch = Onlooker(write)
    with session(here) as one:
        ops.import_redemptions(one, "r.csv", watch=watch)
        kept = one.db.execute("SELECT chunks FROM batches WHERE kind = 'redemptions'").fetchall()
    assert watch.chunks == 5
    assert [row["chunks"] for row in kept] == [5]

    def without_rounds(lines: list[str]) -> list[str]:
        return [
            line for line in lines if line.split()[0] not in ("rounds", "seats", "authors", "audit")
        ]

    assert without_rounds(canonical(here / "voucher.db")) == without_rounds(wanted)
    town("check")


@pytest.mark.slow
def test_a_second_writer_within_a_chunk_is_told_to_come_again(
    town: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vouchercli.store.db.BUSY_TIMEOUT_MS", 100)
    told: list[str] = []

    def write() -> None:
        with session(here) as other, pytest.raises(Busy) as busy, store.writing(other):
            pass
        told.append(busy.value.code)

    with session(here) as one:
        ops.import_redemptions(one, "r.csv", watch=Onlooker(lambda _: None, within=write))
    assert told == ["busy"] * 5


def test_who_is_overtaken_by_the_same_file_has_nothing_to_do(town: Any, here: Path) -> None:
    wanted = undisturbed(here)

    def overtake(_: int) -> None:
        with session(here) as other:
            assert ops.import_redemptions(other, "r.csv").data["read"] == ROWS

    with session(here) as one:
        assert ops.import_redemptions(one, "r.csv", watch=Onlooker(overtake)).data["repeats"] == 3
    assert canonical(here / "voucher.db") == wanted


def test_who_meets_another_import_of_the_same_file_is_told_to_come_again(
    town: Any, here: Path
) -> None:
    wanted = undisturbed(here)

    def meet(_: int) -> None:
        stop_after(here, 1)  # the other one is a chunk ahead now

    with session(here) as one, pytest.raises(Busy) as busy:
        ops.import_redemptions(one, "r.csv", watch=Onlooker(meet))
    assert (busy.value.code, busy.value.exit_code) == ("being_imported", 75)
    assert town(*IMPORT, expect=4).data["read"] == ROWS
    assert canonical(here / "voucher.db") == wanted


def test_two_processes_with_the_same_file_import_it_once(
    town: Any, here: Path, start: Start
) -> None:
    prepare_more(here, 4)
    undisturbed_child(here, start)
    # who waits for the lock ends the chunk of the other: facts may have other ids then
    wanted = left_by(here / "calm" / "voucher.db")
    both = [
        start(here, "redemption", "import", "r.csv", lines=50, bytes_=by_columns.BYTES)
        for _ in range(2)
    ]
    codes = sorted(child.wait() for child in both)
    assert codes in ([0, 4], [4, 75])
    assert left_by(here / "voucher.db") == wanted
