"""Sealing account numbers while a registry comes in: CPU seconds of a registry of synthetic merchants
with accounts, in turns with the same one without.

    python bench/accounts.py [--merchants 100000] [--turns 3]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

VOUCHER = Path(sys.executable).with_name("voucher")
MEASURE = (sys.executable, Path(__file__).with_name("measure.py"))
HEADER = "merchant_no,name,district,industry,size,account_name,account_no,bank\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--merchants", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    with TemporaryDirectory() as place:
        for turn in range(given.turns):
            cpu = [
                import_registry(Path(place, f"{turn}-{name}"), given.merchants, name == "sealed")
                for name in ("sealed", "without")
            ]
            each = (cpu[0] - cpu[1]) / given.merchants * 1e6
            print(f"CPU {cpu[0]:.2f} s with accounts, {cpu[1]:.2f} s without: {each:.1f} us each")
    return 0


def import_registry(folder: Path, merchants: int, has_accounts: bool) -> float:
    """Import a registry into a new database; gives the seconds of CPU."""
    folder.mkdir()
    chance = random.Random(20261129)
    with Path(folder, "shops.csv").open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(merchants):
            account = f"62{chance.randrange(10**17):017d}" if has_accounts else ""
            name = f"合成商户{number}"
            file.write(f"M{number:06d},{name},上城区,餐饮,小微,{name},{account},合成银行\n")
    database, told = folder / "voucher.db", folder / "told.json"
    subprocess.run([VOUCHER, "init", "--db", database], check=True, stdout=DEVNULL)
    words = (VOUCHER, "merchant", "import", folder / "shops.csv", "--db", database)
    subprocess.run([*MEASURE, told, *words], check=True, stdout=DEVNULL)
    return float(json.loads(told.read_text())["cpu"])


if __name__ == "__main__":
    sys.exit(main())
