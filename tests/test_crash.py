"""A command killed at any instant and run again leaves what one undisturbed run leaves; an import
goes on behind its last chunk.

The default run has only what proves the comparison; `make test-slow` kills CRASH_KILLS times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import plain_worlds
import pytest
import test_plain_law
from big_town import NOW, canonical, copied, left_by, prepare
from processes import started
from test_formats_records import WECHAT, used

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Start

CLAIMS, ROWS, LINES = 2_000, 3_900, 250
MANY = int(os.environ.get("CRASH_KILLS", "200"))
BY_ROWS, BY_COLUMNS = 1 << 40, 0  # from which size on a file goes the way of large ones
BATCH = "SELECT batch_id, state FROM batches WHERE file = ? AND state <> 'undone'"


class Trial:
    """One command on copies of a folder: run undisturbed once, then killed and run again."""

    def __init__(
        self,
        here: Path,
        args: tuple[str, ...],
        seed: int,
        bytes_: int = BY_ROWS,
        start: Start = started,
        lines: int = LINES,
    ) -> None:
        self.here, self.args = here, args
        self._start = partial(
            start, lines=lines, bytes_=bytes_, environ=os.environ | {"VOUCHER_NOW": NOW}
        )
        self.chance = random.Random(seed)
        self.caught = self.importing = 0
        calm = copied(here, "calm")
        self._start(
            calm, *args
        ).wait()  # the second run finds everything in the machine's memory, as the others will
        shutil.rmtree(calm)
        calm = copied(here, "calm")
        started = time.monotonic()
        assert self._start(calm, *args).wait() in (0, 4)
        self.length, self.expected, self.left = (
            time.monotonic() - started,
            canonical(calm / "voucher.db"),
            left_by(calm / "voucher.db"),
        )
        shutil.rmtree(calm)

    def kill(self, kills: int, look: Any = lambda folder: None, within: int = 0) -> None:
        """Kill at random moments until so many children were caught alive, `within` of them
        between two chunks of a file; `look` at what each left, go on, and compare.
        """
        for number in range(10 * kills):
            if self.caught >= kills and self.importing >= within:
                return
            folder = copied(self.here, f"killed{number}")
            args = self.args
            while self._is_killed(folder, args):
                look(folder)
                args = self._going_on(folder)
                if self.chance.random() < 0.6:
                    break
            code = self._start(folder, *args).wait()
            # 3: it had been done before the kill, and says so
            assert code in (0, 3, 4), (
                args,
                code,
            )
            assert canonical(folder / "voucher.db") == self.expected
            shutil.rmtree(folder)

    def _is_killed(self, folder: Path, args: tuple[str, ...]) -> bool:
        child = self._start(folder, *args)
        try:
            child.wait(self.chance.uniform(0.2, 1.0) * self.length)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            self.caught += 1
            return True
        return False

    def _going_on(self, folder: Path) -> tuple[str, ...]:
        """The same command, or `batch resume` when there is something to resume."""
        batch = batch_of(folder, self.args[-1])
        if batch is None or batch[1] != "importing":
            return self.args
        self.importing += 1
        return self.chance.choice((self.args, ("batch", "resume", str(batch[0]))))


def batch_of(folder: Path, file: str) -> tuple[int, str] | None:
    """The batch of a file and its state."""
    with sqlite3.connect(folder / "voucher.db") as db:
        has_batches = db.execute(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'batches'"
        ).fetchone()[0]
        found: tuple[int, str] | None = (
            db.execute(BATCH, (file,)).fetchone() if has_batches else None
        )
    return found


def whole_chunks(voucher: Any) -> Any:
    """What a kill must leave: books that agree, and a batch that says how far it came."""

    def look(folder: Path) -> None:
        db = str(folder / "voucher.db")
        voucher("check", "--db", db)
        batch = batch_of(folder, "r.csv")
        if batch and batch[1] == "importing":
            listed = voucher("batch", "list", "--db", db, "-o", "json").data["batches"][0]
            rows = (folder / "r.csv").read_text("utf-8").count(
                "\n"
            ) - 1  # all of them: only the end was still to come
            assert listed["state"] == "importing"
            assert listed["read"] == rows or (listed["read"] + 1) % LINES == 0
            assert (
                "[batch_unfinished]"
                in voucher("batch", "retry", str(batch[0]), "--db", db, expect=3).err
            )

    return look


@pytest.fixture
def town(city: Any, here: Path) -> Any:
    """A town with 2,000 claims and a file of redemptions, refunds and faulty rows."""
    voucher = city(with_claims=False)
    prepare(voucher, here, CLAIMS, ROWS)
    return voucher


REDEMPTIONS = ("redemption", "import", "r.csv")
OTHERS = (
    ("claim", "import", "more.csv"),
    ("merchant", "import", "shops.csv"),
    ("batch", "undo", "2", "--yes"),
    ("round", "submit", "next"),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "bytes_", [pytest.param(BY_ROWS, id="by rows"), pytest.param(BY_COLUMNS, id="by columns")]
)
def test_an_import_killed_at_random_moments_ends_as_if_undisturbed(
    town: Any, here: Path, start: Start, bytes_: int
) -> None:
    trial = Trial(here, REDEMPTIONS, seed=1, bytes_=bytes_, start=start)
    trial.kill(3, whole_chunks(town))
    assert trial.caught >= 3
    assert trial.importing > 0


@pytest.mark.slow
def test_an_import_killed_by_one_way_is_finished_by_the_other(town: Any, here: Path) -> None:
    """The two ways give facts other numbers; everything else is the same."""
    wanted = Trial(here, REDEMPTIONS, seed=1).left
    assert Trial(here, REDEMPTIONS, seed=1, bytes_=BY_COLUMNS).left == wanted
    for first, second in ((BY_ROWS, BY_COLUMNS), (BY_COLUMNS, BY_ROWS)):
        folder = copied(here, f"from{first}")
        kill_within(folder, first)
        assert by_one_way(folder, second).wait() == 4
        assert left_by(folder / "voucher.db") == wanted
        town("check", "--db", str(folder / "voucher.db"))


@pytest.mark.slow
@pytest.mark.parametrize("bytes_", [BY_ROWS, BY_COLUMNS], ids=["by rows", "by columns"])
def test_a_platforms_file_killed_at_random_moments_ends_as_if_undisturbed(
    town: Any, here: Path, bytes_: int
) -> None:
    """Its last line refuses it as a whole when it is not whole: that is looked at before the first
    chunk is kept.
    """
    (here / "shops.csv").write_text("merchant_no,name,platform_no\nM1,面馆,190000\n", "utf-8")
    town("merchant", "import", "shops.csv")
    rows = [
        used(f"K{n // 2}-{n % 2 + 1}", f"4{n}").replace(
            "03-27 12:00:00", f"03-28 12:{n // 60:02d}:{n % 60:02d}"
        )
        for n in range(2_000)
    ]
    (here / "w.csv").write_text(
        "\r\n".join([WECHAT, *rows, "总条数", f"`{len(rows)}", ""]), "utf-8"
    )
    trial = Trial(here, ("redemption", "import", "w.csv"), seed=7, bytes_=bytes_)
    trial.kill(2)
    assert trial.caught >= 2
    chunks = 9 if bytes_ == BY_ROWS else 2  # by columns a chunk has eight blocks of lines
    assert any(
        "'w.csv'" in line and "'done', 200" in line and f", {chunks}, '{{" in line
        for line in trial.expected
    )


def by_one_way(folder: Path, bytes_: int) -> subprocess.Popen[str]:
    return started(
        folder, *REDEMPTIONS, lines=LINES, bytes_=bytes_, environ=os.environ | {"VOUCHER_NOW": NOW}
    )


def kill_within(folder: Path, bytes_: int) -> None:
    """Kill an import as soon as its first chunk is safe."""
    child = by_one_way(folder, bytes_)
    while batch_of(folder, "r.csv") is None:
        assert child.poll() is None
    child.kill()
    child.wait()


def test_a_start_killed_at_random_moments_is_finished_by_the_next(here: Path, start: Start) -> None:
    trial = Trial(here, ("init",), seed=3, start=start)
    trial.kill(3)
    assert trial.caught >= 3


@pytest.mark.slow
@pytest.mark.parametrize("bytes_", [BY_ROWS, BY_COLUMNS], ids=["by rows", "by columns"])
def test_many_kills(town: Any, here: Path, bytes_: int) -> None:
    trial = Trial(here, REDEMPTIONS, seed=2, bytes_=bytes_)
    trial.kill(MANY // 2, whole_chunks(town), within=MANY // 10 + 1)
    assert (trial.caught >= MANY // 2, trial.importing > MANY // 10) == (True, True)


@pytest.mark.slow
@pytest.mark.parametrize("bytes_", [BY_ROWS, BY_COLUMNS], ids=["by rows", "by columns"])
def test_many_kills_of_claims(town: Any, here: Path, bytes_: int) -> None:
    more_claims(here)
    trial = Trial(here, OTHERS[0], seed=5, bytes_=bytes_)
    trial.kill(MANY // 4)
    assert trial.caught >= MANY // 4


@pytest.mark.slow
@pytest.mark.parametrize("bytes_", [BY_ROWS, BY_COLUMNS], ids=["by rows", "by columns"])
@pytest.mark.parametrize("seed", test_plain_law.LARGE)
def test_kills_under_limits_of_use_and_terms_of_goods(
    voucher: Any, here: Path, seed: int, bytes_: int
) -> None:
    """The last file of a random programme, in chunks of 40 lines."""
    test_plain_law.found_town(voucher, plain_worlds.draw(seed, size=20))
    world = plain_worlds.draw(seed, test_plain_law.winners, size=20)
    *before, last = (file for file in world.files if file.kind != "instant" and file.rows)
    for number, file in enumerate(before):
        voucher(*test_plain_law.laid_down(number, file), "--now", NOW, expect=None)
    args = test_plain_law.laid_down(len(before), last)
    trial = Trial(here, args, seed=8, bytes_=bytes_, lines=40)
    trial.kill(max(2, MANY // 20), lambda folder: voucher("check", "--db", f"{folder}/voucher.db"))
    assert trial.caught >= 2


@pytest.mark.slow
@pytest.mark.parametrize("args", OTHERS, ids=" ".join)
def test_other_commands_killed_and_run_again(town: Any, here: Path, args: tuple[str, ...]) -> None:
    more_claims(here)
    (here / "shops.csv").write_text(
        "merchant_no,name,district\n" + "".join(f"S{n},店{n},西湖区\n" for n in range(3_000)),
        "utf-8",
    )
    town(
        "round",
        "copy",
        "r1",
        "next",
        "--opens-at",
        "2020-04-10 08:00",
        "--actor",
        "mei",
        "--now",
        NOW,
    )
    trial = Trial(here, args, seed=4)
    trial.kill(max(2, MANY // 10))
    assert trial.caught > 0


def more_claims(here: Path) -> None:
    """Far more claims than the round r1 has packs."""
    (here / "more.csv").write_text(
        "claim_no,round,resident,claimed_at\n"
        + "".join(f"L{n},r1,other{n},2020-03-27 09:00:{n % 60:02d}\n" for n in range(3_000)),
        "utf-8",
    )


def test_the_comparison_would_notice_a_lost_row(town: Any, here: Path) -> None:
    before = canonical(here / "voucher.db")
    with sqlite3.connect(here / "voucher.db") as db:
        db.execute("UPDATE claims SET claimed_at = claimed_at + 1 WHERE claim_no = 'K7'")
    assert canonical(here / "voucher.db") != before
