"""The site of a large file: seconds, memory, pages.

    python bench/site.py DATABASE [--as-of "2020-04-16"] [--turns 3]     # its key beside it

The site is written as a whole process into a folder beside the database, which goes again. A page
of 300 kB or more is an error (exit 5).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

MOST_BYTES = 300_000
VOUCHER = Path(sys.executable).with_name("voucher")
MEASURE = (sys.executable, Path(__file__).with_name("measure.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--as-of", default="2020-04-16")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    folder = given.database.with_name("bench-site")
    words = ["report", "site", folder, "--db", given.database, "--as-of", given.as_of]
    with TemporaryDirectory() as place:
        told = Path(place, "told.json")
        return _turns(given.turns, folder, told, [VOUCHER, *words])


def _turns(turns: int, folder: Path, told: Path, command: list[object]) -> int:
    for _ in range(turns):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([*map(str, (*MEASURE, told, *command))], check=True, stdout=DEVNULL)
        took = json.loads(told.read_text("utf-8"))
        sizes = [path.stat().st_size for path in folder.iterdir()]
        print(
            f"{took['wall']:.1f} s wall, {took['cpu']:.1f} s CPU, {took['rss'] / 2**20:.0f} MiB,"
            f" {len(sizes)} files of {sum(sizes) / 1e6:.0f} MB, the largest {max(sizes):,} bytes"
        )
        if max(sizes) >= MOST_BYTES:
            return 5
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
