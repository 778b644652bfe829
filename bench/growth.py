"""How the speed of one long import changes as its file and the database grow.

    python bench/growth.py FOLDER        # FOLDER/before.db: a city with its claims, without
    redemptions; FOLDER/redemptions.csv

The watermark of the batch is read while the import runs; each line tells how long a million rows
took, and the last one how many times as long the last million took as the second (the first one
starts the program). Also the peak memory and the reports' answers meanwhile: a report must answer
while the import runs, and must see whole chunks only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import startup

HERE = Path(__file__).resolve().parent
READ = "SELECT coalesce(max(read), 0) FROM batches WHERE kind = 'redemptions'"
STEP = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    database = folder / "growth.db"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    shutil.copy(folder / "before.db", database)
    shutil.copy(folder / "before.key", folder / "growth.key")
    seconds, slowest = watched(folder, database)
    for number, took in enumerate(seconds, 1):
        print(f"{number:>4} M  {took:6.2f} s")
    if len(seconds) > 2:
        print(f"the last million took {seconds[-1] / seconds[1]:.2f} times as long as the second")
    taken = json.loads((folder / "growth.json").read_text())
    print(
        f"wall {taken['wall']:.1f} s, CPU {taken['cpu']:.1f} s, peak memory"
        f" {taken['rss'] / (1 << 20):.0f} MiB"
    )
    print(f"a report meanwhile took at most {slowest * 1000:.0f} ms")
    return 0


def watched(folder: Path, database: Path) -> tuple[list[float], float]:
    """Seconds of every million rows, and the longest that a report took meanwhile."""
    command = [
        sys.executable,
        "-S",
        "-E",
        str(HERE / "measure.py"),
        "growth.json",
        *startup.VOUCHER,
        "redemption",
        "import",
        "redemptions.csv",
        "--db",
        database.name,
        "--now",
        "2020-05-01 09:00",
    ]
    running = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    reader = sqlite3.connect(database)
    began, seconds, slowest, asked = time.perf_counter(), [], 0.0, 0.0
    while running.poll() is None:
        time.sleep(0.05)
        now = time.perf_counter()
        while reader.execute(READ).fetchone()[0] >= (len(seconds) + 1) * STEP:
            seconds.append(now - began)
            began = now
        if now - asked > 10:  # rarely, so that it does not slow what is measured
            subprocess.run(
                [*startup.VOUCHER, "report", "leverage", "-o", "json", "--db", str(database)],
                check=False,
                capture_output=True,
            )
            asked = time.perf_counter()
            slowest = max(slowest, asked - now)
    return seconds, slowest


if __name__ == "__main__":
    sys.exit(main())
