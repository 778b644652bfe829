"""`voucher check` on a file with sealed days, beside what the sqlite3 shell takes to look at it.

    python bench/checks.py DATABASE [--turns 3] [--now TIME]     # a large file, its key beside it

Each is a whole process with its children, in turns; CPU and wall are the least of the turns, and
ratios are of CPU: a check of all days may use every core. `--law` is left out unless it is asked
for: it takes as long as `check` took before days were sealed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import startup

# what any program must do at the least: every page, and every value of every row
PEERS = {
    "integrity_check": "PRAGMA integrity_check",
    "every row as text": "SELECT * FROM redemptions; SELECT * FROM claims",
}
OURS = {
    "check": ["check"],
    "check --all": ["check", "--all"],
    "day verify": ["day", "verify"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--now", default="2020-05-01 12:00")
    parser.add_argument("--law", action="store_true")
    given = parser.parse_args()
    file = str(given.database.resolve())
    ends = ["--db", file, "--now", given.now, "-o", "json"]
    law = {"check --law": ["check", "--law"]} if given.law else {}
    commands = {name: ["sqlite3", "-readonly", file, query] for name, query in PEERS.items()}
    commands |= {name: [*startup.VOUCHER, *words, *ends] for name, words in (OURS | law).items()}
    turns = [
        {name: measured(words) for name, words in commands.items()} for _ in range(given.turns)
    ]
    least = {name: tuple(map(min, zip(*(turn[name] for turn in turns), strict=True)))
             for name in commands}  # fmt: skip
    peer = least["every row as text"][0]
    print("| | CPU s | wall s | CPU, against every row as text |\n|---|--:|--:|--:|")
    for name, (cpu, wall) in least.items():
        print(f"| {name} | {cpu:.1f} | {wall:.1f} | {cpu / peer:.1f}x |")
    return 0


def measured(command: list[str]) -> tuple[float, float]:
    """(CPU, wall) seconds of one run with its children."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {child.returncode}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
