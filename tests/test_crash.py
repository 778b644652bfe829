"""A command killed at any instant and run again leaves what one undisturbed run leaves.

The default run kills a few times; `make test-slow` kills CRASH_KILLS times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\n"
ROWS = 4_000
CLOCKS = {"entered_at", "hash", "previous_hash", "applied_at"}  # the machine's own time differs from run to run, and what is made of it
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) <> '_' ORDER BY name"


def canonical(path: Path) -> list[str]:
    """Every row of every table, in key order, without the machine's clock."""
    db = sqlite3.connect(path)
    lines = []
    for (table,) in db.execute(TABLES).fetchall():
        names = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        kept = [name for name in names if name not in CLOCKS]
        lines += sorted(f"{table} {row}" for row in db.execute(f'SELECT {", ".join(kept)} FROM "{table}"'))
    db.close()
    return lines


def _prepared(city: Any, here: Path) -> None:
    """A town with 2,000 claims and a file of redemptions, refunds and faulty rows."""
    voucher = city(with_claims=False)
    voucher("round", "create", "big", "--template", "pack", "--packs", "2000", "--opens-at", "2020-03-27 08:00", "--actor", "mei")
    for verb, actor in (("submit", "mei"), ("approve", "lin")):
        voucher("round", verb, "big", "--actor", actor)
    voucher("round", "open", "big", "--actor", "mei", "--now", "2020-03-27 08:00")
    claims = "".join(f"K{n},big,resident{n},2020-03-27 08:{n // 60 % 60:02d}:{n % 60:02d}\n" for n in range(2_000))
    (here / "big.csv").write_text("claim_no,round,resident,claimed_at\n" + claims, "utf-8")
    voucher("claim", "import", "big.csv")
    (here / "r.csv").write_text(HEADER + "".join(_row(n) for n in range(ROWS)), "utf-8")


def _row(n: int) -> str:
    merchant = "nobody" if n % 97 == 3 else f"M{n % 2 + 1}"
    at = f"2020-03-28 {10 + n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}"
    if n % 50 == 49:
        return f"R{n},refund,K{(n - 1) // 2},{(n - 1) % 2 + 1},M{(n - 1) % 2 + 1},{at},45,0,10,T{n - 1}\n"
    return f"T{n},pay,K{n // 2},{n % 2 + 1},{merchant},{at},45,0,10,\n"


def _start(folder: Path, *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "vouchercli", *args], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"VOUCHER_NOW": "2020-03-30T09:00:00+08:00"},
    )


def _copy(here: Path, name: str) -> Path:
    folder = here / name
    folder.mkdir()
    for file in here.iterdir():
        if file.is_file():
            shutil.copy(file, folder / file.name)
    return folder


def _kill_and_compare(here: Path, args: tuple[str, ...], kills: int, seed: int) -> int:
    """Kill a command at `kills` random moments, each time run it again, and compare; how many children were caught alive."""
    calm = _copy(here, "calm")
    started = time.monotonic()
    assert _start(calm, *args).wait() in (0, 4)
    length, expected = time.monotonic() - started, canonical(calm / "voucher.db")
    chance, caught = random.Random(seed), 0
    for number in range(kills):
        folder = _copy(here, f"killed{number}")
        child = _start(folder, *args)
        try:
            child.wait(chance.uniform(0.2, 1.0) * length)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            caught += 1
        assert _start(folder, *args).wait() in (0, 3, 4)  # 3: it had been done before the kill, and says so
        assert canonical(folder / "voucher.db") == expected
        shutil.rmtree(folder)
    shutil.rmtree(calm)
    return caught


REDEMPTIONS = ("redemption", "import", "r.csv")
OTHERS = (
    ("claim", "import", "more.csv"), ("merchant", "import", "shops.csv"), ("batch", "undo", "2", "--yes"), ("round", "submit", "next"),
)


def test_an_import_killed_at_random_moments_ends_as_if_undisturbed(city: Any, here: Path) -> None:
    _prepared(city, here)
    assert _kill_and_compare(here, REDEMPTIONS, 6, seed=1) > 0


def test_a_start_killed_at_random_moments_is_finished_by_the_next(here: Path) -> None:
    assert _kill_and_compare(here, ("init",), 4, seed=3) > 0


@pytest.mark.slow
def test_many_kills(city: Any, here: Path) -> None:
    _prepared(city, here)
    assert _kill_and_compare(here, REDEMPTIONS, int(os.environ.get("CRASH_KILLS", "200")), seed=2) > 0


@pytest.mark.slow
@pytest.mark.parametrize("args", OTHERS, ids=" ".join)
def test_other_commands_killed_and_run_again(city: Any, here: Path, args: tuple[str, ...]) -> None:
    _prepared(city, here)
    (here / "more.csv").write_text("claim_no,round,resident,claimed_at\n" + "".join(
        f"L{n},r1,other{n},2020-03-27 09:00:{n % 60:02d}\n" for n in range(3_000)), "utf-8")
    (here / "shops.csv").write_text("merchant_no,name,district\n" + "".join(f"S{n},店{n},西湖区\n" for n in range(3_000)), "utf-8")
    assert _start(here, "round", "copy", "r1", "next", "--opens-at", "2020-04-10 08:00", "--actor", "mei").wait() == 0
    caught = _kill_and_compare(here, args, max(2, int(os.environ.get("CRASH_KILLS", "200")) // 10), seed=4)
    assert caught > 0


def test_the_comparison_would_notice_a_lost_row(city: Any, here: Path) -> None:
    _prepared(city, here)
    before = canonical(here / "voucher.db")
    db = sqlite3.connect(here / "voucher.db")
    db.execute("UPDATE claims SET claimed_at = claimed_at + 1 WHERE claim_no = 'K7'")
    db.commit()
    db.close()
    assert canonical(here / "voucher.db") != before
