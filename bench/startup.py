"""How long everyday commands take from start to end, as ratios to `python -c "import typer"`
measured in the same minute; and what a report costs in CPU beside its own peer: as JSON beside
`voucher --version`, as a table beside the libraries that draw it.

python bench/startup.py               # a file with one programme and no facts; bench/run.py does it
on a whole city
"""

from __future__ import annotations

import os
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
DRAWING = 'python -c "import typer, rich.table, rich.console"'
# CPU seconds, the best of so many runs: command -> peer, and how many times the peer is aimed at
BEST_OF = 20
PEERS = {
    "voucher report leverage -o json": (VERSION, 1.20),
    "voucher report leverage": (DRAWING, 1.25),
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


def cpu(folder: Path, command: list[str]) -> float:
    """User and system seconds of one run."""
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def beside_peers(folder: Path) -> dict[str, float]:
    """The least CPU seconds of each report and its peer; they take turns."""
    drawing = {DRAWING: [sys.executable, "-c", "import typer, rich.table, rich.console"]}
    commands = {
        name: (START | EMPTY | drawing)[name]
        for pair in PEERS.items()
        for name in (pair[0], pair[1][0])
    }
    turns = [{name: cpu(folder, words) for name, words in commands.items()} for _ in range(BEST_OF)]
    return {name: min(turn[name] for turn in turns) for name in commands}


def main() -> None:
    """Measure in a folder with an empty database that holds one programme, and print."""
    with tempfile.TemporaryDirectory() as folder:
        for words in (["init"], ["programme", "load", "hangzhou-2020"]):
            subprocess.run([*VOUCHER, *words], cwd=folder, capture_output=True, check=True)
        found = measured(Path(folder), START | EMPTY)
        least = beside_peers(Path(folder))
    print(f"python {sys.version.split()[0]}; median of {RUNS} turns")
    for name, seconds in found.items():
        ratios = (
            f"{seconds / found[BASE]:5.2f} x import typer   {seconds / found[VERSION]:5.2f} x"
            " --version"
        )
        print(f"{name:34} {seconds * 1000:7.0f} ms   {ratios}")
    print(f"CPU, best of {BEST_OF}")
    for name, (peer, aim) in PEERS.items():
        print(
            f"{name:34} {least[name] * 1000:7.0f} ms   {least[name] / least[peer]:5.2f} x {peer}"
            f" (aim: {aim:.2f})"
        )


if __name__ == "__main__":
    main()
