"""Quick jobs wait for no file: a round opens and closes at its time while a long file comes in; and
an import at the desk gives way to whoever waits to write.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS, ask

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake.claims import KIND
from vouchercli.ops.intake.eligibility import import_eligibility
from vouchercli.ops.intake.importing import take_in
from vouchercli.ops.schedule.tick import Places, tick
from vouchercli.store import turns
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran

    from vouchercli.session import Session

    Voucher = Callable[..., Ran]

PROGRAMME = towns.programme(unused="next_round", clock={"jump": "2 days"})
PACK = towns.pack("pack", towns.coupon("10.00", "40.00", 2))
NOON = "2020-03-28 12:00:00"
ROWS = 60


@pytest.fixture
def town(voucher: Voucher, once: Once) -> Voucher:
    """Round r1 is open; r2 opens five seconds after noon, r3 closes ten seconds after it."""

    def build() -> None:
        towns.build(voucher, PROGRAMME, PACK, merchants="merchant_no,name\nM1,面馆\n")
        towns.make_round(voucher, "r1", closes="2020-04-29", packs=100, state="open")
        towns.make_round(voucher, "r2", opens="2020-03-28 12:00:05", closes="2020-04-29")
        towns.make_round(voucher, "r3", closes="2020-03-28 12:00:10", state="open")

    once("quick jobs", build)
    return voucher


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk has five rows."""
    monkeypatch.setattr(chunks, "LINES", 5)


def land(here: Path, kind: str = "claims", name: str = "long.csv") -> None:
    """A long file in the inbox."""
    rows = "".join(f"C{i},r1,resident {i},2020-03-27 09:00:{i:02d}\n" for i in range(ROWS))
    texts = {
        "claims": CLAIMS + rows,
        "applications": "application_no,round,resident,applied_at\n"
        "A1,r3,resident 1,2020-03-27 09:00:00\n",
        "eligibility": "resident,group\n" + "".join(f"p{i},g\n" for i in range(10_001)),
    }
    path = here / "inbox" / "voucher" / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(texts[kind], "utf-8")


def clock(*, step: int = 1) -> Callable[[Session], Session]:
    """A clock that moves on with each look at it, from noon."""
    looks = count(1)
    return lambda session: session._replace(now=towns.at(NOON) + step * next(looks))


def run(
    here: Path, at_present: Callable[[Session], Session], **options: Any
) -> list[tuple[str, str, int | None]]:
    """What a tick at noon did: (job, of what, how late)."""
    with towns.session(here / "voucher.db", now=towns.at(NOON)) as opened:
        session = opened._replace(entered_at=towns.at(towns.MACHINE), **options)
        outcome = tick(session, Places(here / "inbox", here / "outbox"), at_present=at_present)
    return [
        (each["job"], each["subject"], each["late_seconds"])
        for table in outcome.tables
        for each in table.rows
    ]


DEEDS = """
SELECT deed FROM audit WHERE deed IN ('claims.begin', 'claims.import', 'round.open',
    'round.close') AND at >= {since} ORDER BY audit_id
"""

LATE = """
SELECT deed, done_at - due_at FROM deeds WHERE deed IN ('open', 'close') ORDER BY deed_id
"""


def test_a_round_opens_between_the_chunks_of_a_long_file(town: Voucher, here: Path) -> None:
    land(here)
    done = run(here, clock())
    opened = next(each for each in done if each[0] == "open")
    assert opened[:2] == ("open", "r2") and 0 <= (opened[2] or 0) <= 2
    jobs = [each[:2] for each in done]
    long = ("import", "voucher/claims/long.csv")
    assert jobs.index(("open", "r2")) < jobs.index(("close", "r3")) < jobs.index(long)
    assert ask(here, "SELECT count(*) FROM claims") == [(ROWS,)]
    assert [deed for (deed,) in ask(here, DEEDS.format(since=towns.at(NOON)))] == [
        "claims.begin",
        "round.open",
        "round.close",
        "claims.import",
    ]
    late = ask(here, LATE)
    assert [each for each, _ in late] == ["open", "close"]
    assert all(0 <= seconds <= 2 for _, seconds in late)


def test_a_round_opens_while_a_list_is_read(town: Voucher, here: Path) -> None:
    land(here, "eligibility", "people.csv")
    done = [each[:2] for each in run(here, clock(step=10))]
    assert done.index(("open", "r2")) < done.index(("import", "voucher/eligibility/people.csv"))
    deeds = ask(here, DEEDS.format(since=towns.at(NOON)).replace("claims.", "eligibility."))
    assert deeds[0] == ("round.open",) and ("eligibility.import",) in deeds


def test_a_clock_that_stands_still_opens_nothing_early(town: Voucher, here: Path) -> None:
    land(here)
    assert [each[0] for each in run(here, lambda session: session)] == ["import"]
    assert [each[:2] for each in run(here, clock(step=30))][:2] == [("open", "r2"), ("close", "r3")]


def test_a_clock_that_jumps_during_a_file_does_nothing(town: Voucher, here: Path) -> None:
    land(here)
    year = partial(clock, step=365 * 86_400)
    assert "open" not in [each[0] for each in run(here, year())]
    assert ask(here, "SELECT state FROM rounds WHERE round = 'r2'") == [("approved",)]


def test_a_round_is_not_closed_before_the_files_that_ask_for_its_packs(
    town: Voucher, here: Path
) -> None:
    land(here)
    land(here, "applications", "ask.csv")
    jobs = [each[:2] for each in run(here, clock())]
    assert jobs.index(("import", "voucher/applications/ask.csv")) < jobs.index(("close", "r3"))


def test_a_dry_run_between_the_chunks_does_nothing(town: Voucher, here: Path) -> None:
    land(here)
    assert "open" not in [each[0] for each in run(here, clock(), dry_run=True)]
    assert ask(here, "SELECT count(*) FROM claims") == [(0,)]


def test_what_failed_is_tried_once_a_tick(town: Voucher, here: Path) -> None:
    land(here)
    with closing(sqlite3.connect(here / "voucher.db")) as db, db:
        db.execute("UPDATE rounds SET mode = 'lottery' WHERE round = 'r2'")  # without a seed
        db.execute("DELETE FROM draws")
    done = [each[:2] for each in run(here, clock())]
    assert len(done) == len(set(done))


# ---------------------------------------------------------------- an import at the desk


class Desk:
    """What watches an import, and what it does between two chunks."""

    is_stopped = False

    def __init__(self, between: Callable[[], None], *, is_awaited: bool = False) -> None:
        self._between, self._is_awaited = between, is_awaited
        self.chunks = self.idled = 0

    def read(self, rows: int) -> None:
        """So many rows."""

    def committed(self, share: float | None) -> None:
        """A chunk."""
        self.chunks += 1
        self._between()

    def idle(self) -> None:
        """Rows are read, no lock is held."""
        self.idled += 1
        self._between()

    def is_awaited(self) -> bool:
        """Whether the chunk should end."""
        return self._is_awaited


def test_whoever_waits_is_seen_and_seen_no_more_when_it_had_its_turn(here: Path) -> None:
    line = turns.Turns(here / "voucher.db")
    with closing(line):
        assert not line.is_awaited() and not (here / "voucher.db-line").exists()
        with turns.waiting(here / "voucher.db"):
            assert line.is_awaited()
            with turns.waiting(here / "voucher.db"):  # two of them
                assert line.is_awaited()
        assert not line.is_awaited()


def test_a_writer_stands_in_line_while_the_lock_is_held(town: Voucher, here: Path) -> None:
    def write() -> None:
        with towns.session(here / "voucher.db") as session, writing(session):
            assert not line.is_awaited()  # it has had its turn

    with (
        closing(turns.Turns(here / "voucher.db")) as line,
        closing(sqlite3.connect(here / "voucher.db", isolation_level=None)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        writer = pool.submit(write)
        while not (line.is_awaited() or writer.done()):
            pass
        other.execute("ROLLBACK")
        writer.result()
        assert (here / "voucher.db-line").exists()


@pytest.mark.parametrize(("is_awaited", "blocks"), [(False, 8), (True, 1)])
def test_a_chunk_ends_with_its_block_when_somebody_waits(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, is_awaited: bool, blocks: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 0)
    land(here)
    desk = Desk(lambda: None, is_awaited=is_awaited)
    file = str(here / "inbox/voucher/claims/long.csv")
    with towns.session(here / "voucher.db", now=towns.at(NOON)) as session:
        assert take_in(session, KIND, file, watch=desk).data["accepted"] == ROWS
    assert desk.chunks == -(-(ROWS + 1) // (5 * blocks))


def test_nobody_waits_while_a_list_is_read(town: Voucher, here: Path) -> None:
    land(here, "eligibility", "people.csv")
    with (
        towns.session(here / "voucher.db", now=towns.at(NOON)) as session,
        closing(sqlite3.connect(here / "voucher.db", isolation_level=None, timeout=0)) as other,
    ):

        def write() -> None:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")

        desk = Desk(write)
        file = str(here / "inbox/voucher/eligibility/people.csv")
        assert import_eligibility(session, file, watch=desk).data["accepted"] == 10_001
        assert desk.idled == 1
        rows = session.db.execute("SELECT count(*), sum(batch_id > 0) FROM eligibility").fetchone()
        assert (*rows,) == (10_001, 10_001)


def test_another_command_may_write_between_two_chunks(town: Voucher, here: Path) -> None:
    land(here)

    def pause() -> None:
        if desk.chunks == 1:
            town("round", "close", "r3", "--now", "2020-03-28 12:00:10")

    desk = Desk(pause)
    file = str(here / "inbox/voucher/claims/long.csv")
    with towns.session(here / "voucher.db", now=towns.at(NOON)) as session:
        assert take_in(session, KIND, file, watch=desk).data["accepted"] == ROWS
    assert ask(here, "SELECT state FROM rounds WHERE round = 'r3'") == [("closed",)]
