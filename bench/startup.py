"""How long everyday commands take from start to end, as ratios to `python -c "import typer"`
measured in the same minute.

python bench/startup.py               # a file with one programme and no facts; bench/run.py does it
on a whole city
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

RUNS = 15
ENOUGH, LONG = 3, 10.0  # a command that takes seconds is not run that often
VOUCHER = [
    sys.executable,
    "-c",
    "import sys; from vouchercli.cli.main import main; sys.exit(main())",
]
NOTHING, BASE, VERSION = 'python -c "pass"', 'python -c "import typer"', "voucher --version"
START = {
    NOTHING: [sys.executable, "-c", "pass"],
    BASE: [sys.executable, "-c", "import typer"],
    VERSION: [*VOUCHER, "--version"],
    "voucher --help": [*VOUCHER, "--help"],
}
EMPTY = {
    "voucher round list": [*VOUCHER, "round", "list"],
    "voucher report leverage": [*VOUCHER, "report", "leverage"],
    "voucher report leverage -o json": [*VOUCHER, "report", "leverage", "-o", "json"],
}


def measured(folder: Path, commands: dict[str, list[str]], runs: int = RUNS) -> dict[str, float]:
    """Median wall time of each command in seconds; the commands take turns, so that a busy moment
    hits them alike.
    """
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            if len(taken[name]) >= ENOUGH and sum(taken[name]) > LONG:
                continue
            start = time.perf_counter()
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            taken[name].append(time.perf_counter() - start)
            if done.returncode:
                raise SystemExit(f"{name}: exit {done.returncode}\n{done.stderr.decode()}")
    return {name: median(each) for name, each in taken.items()}


def main() -> None:
    """Measure in a folder with an empty database that holds one programme, and print."""
    with tempfile.TemporaryDirectory() as folder:
        for words in (["init"], ["programme", "load", "hangzhou-2020"]):
            subprocess.run([*VOUCHER, *words], cwd=folder, capture_output=True, check=True)
        found = measured(Path(folder), START | EMPTY)
    print(f"python {sys.version.split()[0]}; median of {RUNS} turns")
    for name, seconds in found.items():
        ratios = (
            f"{seconds / found[BASE]:5.2f} x import typer   {seconds / found[VERSION]:5.2f} x"
            " --version"
        )
        print(f"{name:34} {seconds * 1000:7.0f} ms   {ratios}")


if __name__ == "__main__":
    main()
