"""How long a command takes to start, as ratios to `python -c "import typer"` measured in the same minute."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
BASE = "import typer"
VOUCHER = [sys.executable, "-c", "import sys; from vouchercli.cli.main import main; sys.exit(main())"]
COMMANDS = {
    'python -c "pass"': [sys.executable, "-c", "pass"],
    f'python -c "{BASE}"': [sys.executable, "-c", BASE],
    "voucher --version": [*VOUCHER, "--version"],
    "voucher --help": [*VOUCHER, "--help"],
    "voucher round list": [*VOUCHER, "round", "list"],
    "voucher report leverage -o json": [*VOUCHER, "report", "leverage", "-o", "json"],
}


def measured(folder: str) -> dict[str, float]:
    """Best wall time of each command in seconds; the commands take turns, so that a busy moment hits them alike."""
    best = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            best[name] = min(best[name], time.perf_counter() - start)
            if done.returncode:
                best[name] = float("nan")
    return best


def main() -> None:
    """Measure in a folder with an empty database that holds one programme, and print."""
    with tempfile.TemporaryDirectory() as folder:
        for words in (["init"], ["programme", "load", "hangzhou-2020"]):
            subprocess.run([*VOUCHER, *words], cwd=folder, capture_output=True, check=True)
        best = measured(folder)
    base = best[f'python -c "{BASE}"']
    print(f"python {sys.version.split()[0]} in {Path(sys.prefix).name}; best of {RUNS}; nan: the command failed")
    for name, seconds in best.items():
        print(f"{name:34} {seconds * 1000:7.0f} ms   {seconds / base:5.2f} x import typer")


if __name__ == "__main__":
    main()
