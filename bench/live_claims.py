"""Measure live claims: how many a second are granted durably, by 1, 2, 4 and 8 processes at once,
one by one and in groups.

    python bench/live_claims.py [--seconds 5] [--folder build/bench]

Each process holds the file open and grants claim after claim (`ops.granting.live_claims`), each in
a transaction of its own that is synced to the disk before the next; the row "groups of 100" is one
`voucher claim grant --from -`, the row "whole commands" one `voucher claim grant` a claim, with the
start of a process each. No timing fails; one pack too many, or a waiting time beyond SQLite's busy
timeout, does (exit 5).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import allocation
import run as rod

HERE = Path(__file__).resolve().parent
PROCESSES = (1, 2, 4, 8)
PACKS = 1_000_000
COMMANDS, GROUPED = 20, 20_000


def work(folder: Path, name: str, seconds: float) -> None:
    """Grant claims to new residents for so long; prints how many, and the longest wait."""
    from vouchercli.ops.granting import live_claims
    from vouchercli.session import Session
    from vouchercli.store import db as store

    path = folder / "voucher.db"
    db = store.open_db(path)
    now = allocation.OPENS + 1
    session = Session(db, path, now, "till", "till", now)
    end, count, longest = time.perf_counter() + seconds, 0, 0.0
    while (start := time.perf_counter()) < end:
        live_claims.grant_claim(session, "r", f"{name}-{count}", f"{name}-{count}")
        longest = max(longest, time.perf_counter() - start)
        count += 1
    print(count, longest)


def together(folder: Path, processes: int, seconds: float) -> tuple[float, float]:
    """(claims a second of all together, the longest that one of them waited for its answer)."""
    command = [sys.executable, __file__, "--work", str(folder), "--seconds", str(seconds)]
    children = [
        subprocess.Popen(
            [*command, "--name", f"{processes}.{number}"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        for number in range(processes)
    ]
    answers = [child.communicate()[0].split() for child in children]
    if any(child.returncode for child in children):
        raise SystemExit(5)
    return sum(int(count) for count, _ in answers) / seconds, max(
        float(longest) for _, longest in answers
    )


def commands(folder: Path) -> float:
    """Claims a second with a whole command for each."""
    start = time.perf_counter()
    for number in range(COMMANDS):
        rod.run(
            [*rod.VOUCHER, "claim", "grant", "r", f"one-{number}", "--now", "2020-04-20 20:05"],
            folder,
        )
    return COMMANDS / (time.perf_counter() - start)


def grouped(folder: Path) -> float:
    """Claims a second of one process that is given many on its standard input."""
    lines = "".join(f"group-{number},G{number}\n" for number in range(GROUPED))
    taken, _ = rod.run(
        [*rod.VOUCHER, "claim", "grant", "r", "--from", "-", "--now", "2020-04-20 20:05"],
        folder,
        stdin=lines,
    )
    return GROUPED / taken["wall"]


def check(folder: Path) -> None:
    """Every claim is counted once, none beyond the quota."""
    db = sqlite3.connect(folder / "voucher.db")
    claimed, packs, claims, residents = db.execute(
        "SELECT claimed, packs, (SELECT count(*) FROM claims), (SELECT count(DISTINCT resident)"
        " FROM claims) FROM rounds"
    ).fetchone()
    db.close()
    if not claims == claimed == residents <= packs:
        print(
            f"{claims} claims, {claimed} counted, {residents} residents, {packs} packs",
            file=sys.stderr,
        )
        raise SystemExit(5)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--folder", type=Path, default=HERE.parent / "build" / "bench")
    parser.add_argument("--results", type=Path, default=HERE / "RESULTS.md")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        return work(given.work, given.name, given.seconds)
    folder = given.folder.resolve() / "live"
    allocation.prepare(folder, 0, packs=PACKS)
    rows = [
        (f"{number} at once, one by one", *together(folder, number, given.seconds))
        for number in PROCESSES
    ]
    rows += [
        ("groups of 100, 1 process", grouped(folder), None),
        ("whole commands, 1 after the other", commands(folder), None),
    ]
    check(folder)
    day = datetime.now(UTC).date().isoformat()
    text = "\n".join(
        [
            "## Live claims",
            "",
            (
                f"{day}. {os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite"
                f" {sqlite3.sqlite_version}, synchronous=FULL. Every claim is counted once, none"
                " beyond the quota."
            ),
            "",
            "| processes | claims/s | longest wait, s |",
            "|---|--:|--:|",
            *(
                f"| {name} | {rate:,.0f} | {'' if longest is None else f'{longest:.2f}'} |"
                for name, rate, longest in rows
            ),
            "",
        ]
    )
    print(text)
    rod.write(given.results, text)
    return None


if __name__ == "__main__":
    main()
