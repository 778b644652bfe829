"""A statement for every merchant of a large file, as workbooks: seconds, memory, files.

    python bench/statements.py DATABASE [--form xlsx] [--now "2020-05-02 10:00"]   # its key beside

They are written as a whole process into a folder beside the database, which goes again. The run
notes in the log that it took place: give it a copy. More than 15 minutes is an error (exit 5).
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

MOST_SECONDS = 15 * 60
VOUCHER = Path(sys.executable).with_name("voucher")
MEASURE = (sys.executable, Path(__file__).with_name("measure.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--form", default="xlsx")
    parser.add_argument("--now", default="2020-05-02 10:00")
    given = parser.parse_args()
    folder = given.database.with_name("bench-statements")
    shutil.rmtree(folder, ignore_errors=True)
    words = ["settlement", "statement", "--all", "--to", folder, "--form", given.form]
    words += ["--db", given.database, "--now", given.now, "--actor", "mei", "--lang", "zh"]
    with TemporaryDirectory() as place:
        told = Path(place, "told.json")
        command = [*MEASURE, told, VOUCHER, *words]
        subprocess.run([*map(str, command)], check=True, stdout=DEVNULL)
        took = json.loads(told.read_text("utf-8"))
    sizes = [path.stat().st_size for path in folder.glob(f"*.{given.form}")]
    print(
        f"{took['wall']:.1f} s wall, {took['cpu']:.1f} s CPU, {took['rss'] / 2**20:.0f} MiB,"
        f" {len(sizes)} files of {sum(sizes) / 1e6:.0f} MB, the largest {max(sizes):,} bytes"
    )
    shutil.rmtree(folder)
    return 5 if took["wall"] > MOST_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
