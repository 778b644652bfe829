"""Measure imports, reports and starts against their peers; the totals must be the oracle's.

    python bench/run.py [--rows 200000] [--turns 3] [--folder build/bench]

Everything takes turns: in each turn every peer loads each file, then `voucher` does. Ratios are
made within a turn, and their median is shown, for a machine's noise is larger than most
differences. No timing fails; wrong totals do (exit 5).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

import city
import compare
import peers
import startup

HERE = Path(__file__).resolve().parent
VOUCHER = startup.VOUCHER
OURS = "voucher import"
KINDS = ("merchants", "claims", "redemptions")
WHOLE_DAY, WITHIN = "2020-04-05", "2020-04-05 12:34:56"
LEVERAGE = {
    "report leverage": ["--by", "round"],
    "... --by day": ["--by", "day"],
    "... --by district": ["--by", "district"],
    f"... --as-of {WHOLE_DAY}": ["--by", "round", "--as-of", WHOLE_DAY],
    f'... --as-of "{WITHIN}"': ["--by", "round", "--as-of", WITHIN],
    "... --by merchant": ["--by", "merchant"],
}
REPORTS = {
    name: [*VOUCHER, "report", "leverage", *words, "-o", "json"] for name, words in LEVERAGE.items()
}
MIB = 1 << 20


@dataclass(frozen=True)
class Taken:
    """What one child process took: seconds of wall and of user + system CPU, peak bytes in memory,
    rows it was given.
    """

    wall: float
    cpu: float
    rss: int
    rows: int


@dataclass
class Found:
    """Everything measured, by kind of file and by contender, one entry a turn."""

    taken: dict[str, dict[str, list[Taken]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    bytes_each: dict[str, float] = field(default_factory=dict)
    file_bytes: int = 0
    summaries: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, kind: str, name: str, taken: Taken) -> None:
        self.taken[kind].setdefault(name, []).append(taken)


def run(
    command: list[str], cwd: Path, stdin: str = "", codes: tuple[int, ...] = (0,)
) -> tuple[dict[str, float], str]:
    """(wall, cpu and rss of one process with its children, its stdout); ends the run when the exit
    code is another.
    """
    measure = [sys.executable, "-S", "-E", str(HERE / "measure.py"), "taken.json", *command]
    done = subprocess.run(
        measure,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads((cwd / "taken.json").read_text()), done.stdout


def environment() -> dict[str, str]:
    """The caller's, without settings of `voucher` and with bytecode kept."""
    unwanted = ("VOUCHER_", "PYTHONDONTWRITEBYTECODE", "LC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
        "LANG": "C.UTF-8"
    }


# ---------------------------------------------------------------- the city


def drawn(size: city.City, folder: Path) -> dict[str, object]:
    """Draw the city and ask the oracle, unless the very same was done before; gives what the oracle
    says.
    """
    sources = b"".join((HERE / name).read_bytes() for name in ("city.py", "oracle.py"))
    key = f"{size} {hashlib.sha256(sources).hexdigest()}"
    mark = folder / "drawn.txt"
    if not mark.exists() or mark.read_text() != key:
        folder.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        say(f"drawing a city of {size.redemptions:,} redemptions, and judging it row by row ...")
        run(
            [
                sys.executable,
                str(HERE / "city.py"),
                str(folder),
                "--redemptions",
                str(size.redemptions),
                "--seed",
                str(size.seed),
            ],
            folder,
        )
        run([sys.executable, str(HERE / "oracle.py"), str(folder)], folder)
        for kind in KINDS:
            cut(folder / f"{kind}.csv", folder / f"{kind}-part.csv", peers.SLOW_ROWS)
        mark.write_text(key)
    return json.loads((folder / "oracle.json").read_text("utf-8"))


def cut(source: Path, target: Path, rows: int) -> None:
    """The header and the first rows of a file."""
    with source.open("rb") as whole, target.open("wb") as part:
        part.writelines(islice(whole, rows + 1))


# ---------------------------------------------------------------- one turn


def turn(
    number: int, size: city.City, folder: Path, expected: dict[str, object], found: Found
) -> None:
    """Every contender loads every file once; the imports' summaries must be the oracle's, and after
    the first turn the reports.
    """
    work = folder / "turn"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for name in ("programme.yaml", "template.yaml"):
        shutil.copy(folder / name, work)
    for words in city.setup(size):
        run([*VOUCHER, *words], work)
    duck = peers.duck_name()
    for kind in KINDS:
        rows = expected[kind]["read"]
        load_peers(kind, rows, folder, work, duck, found)
        before = file_bytes(work)
        words = [
            *VOUCHER,
            kind.removesuffix("s"),
            "import",
            str(folder / f"{kind}.csv"),
            *city.NOW,
            "-o",
            "json",
        ]
        taken, text = run(words, work, codes=(0, 4))
        found.add(kind, OURS, Taken(**taken, rows=rows))
        summary = json.loads(text)["data"]
        wrong = [
            f"{kind} {name}: voucher {summary[name]}, oracle {expected[kind][name]}"
            for name in compare.COUNTS
            if summary[name] != expected[kind][name]
        ]
        refuse(wrong)
        found.bytes_each[kind] = (file_bytes(work) - before) / summary["accepted"]
        found.summaries[kind] = {
            name: summary[name] for name in ("read", "accepted", "duplicate", "rejected")
        }
        if kind == "merchants":
            for suspension in city.suspend():
                run([*VOUCHER, *suspension], work)
        say(
            f"turn {number}, {kind}: "
            + "; ".join(f"{name} {each[-1].wall:.1f} s" for name, each in found.taken[kind].items())
        )
    found.file_bytes = file_bytes(work)
    if number == 1:
        refuse(compare.differences(expected, compare.asker(work / "voucher.db")))
        run([*VOUCHER, "check"], work)


def load_peers(kind: str, rows: int, folder: Path, work: Path, duck: str, found: Found) -> None:
    """Each peer into a new file, which is thrown away at once."""
    for peer in peers.peers(kind, Path(f"{kind}.csv"), Path(), duck):
        part = peer.is_slow and rows > peers.SLOW_ROWS
        (work / f"{kind}.csv").symlink_to(folder / f"{kind}{'-part' if part else ''}.csv")
        taken, _ = run(list(peer.command), work, peer.stdin, peer.codes)
        found.add(kind, peer.name, Taken(**taken, rows=peers.SLOW_ROWS if part else rows))
        (work / f"{kind}.csv").unlink()
        for file in work.glob("peer-*"):
            file.unlink()


def file_bytes(work: Path) -> int:
    """The database with what still waits in its log."""
    return sum(path.stat().st_size for path in work.glob("voucher.db*"))


def refuse(wrong: list[str]) -> None:
    if wrong:
        sys.stderr.write("\n".join(["WRONG: voucher and the oracle differ", *wrong[:50], ""]))
        raise SystemExit(5)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- what is written


def loading(kind: str, taken: dict[str, list[Taken]]) -> list[str]:
    """The table of one kind of file: medians, and the median of each turn's ratio of seconds a
    row.
    """
    lines = [
        "",
        f"### {kind}",
        "",
        "| | rows/s | wall s | CPU s | cores | peak RSS MiB | ours / it, wall | ours / it, CPU |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    ours = taken[OURS]
    for name, turns in taken.items():
        wall, cpu = median(each.wall for each in turns), median(each.cpu for each in turns)
        ratios = [
            median(
                getattr(us, what) / us.rows / (getattr(one, what) / one.rows)
                for one, us in zip(turns, ours, strict=True)
            )
            for what in ("wall", "cpu")
        ]
        part = f" (first {turns[0].rows:,} rows)" if turns[0].rows != ours[0].rows else ""
        lines.append(
            f"| {name}{part} | {turns[0].rows / wall:,.0f} | {wall:.2f} | {cpu:.2f} |"
            f" {cpu / wall:.2f} | {max(each.rss for each in turns) / MIB:.0f} | {ratios[0]:.2f} |"
            f" {ratios[1]:.2f} |"
        )
    return lines


def starting(found: dict[str, float]) -> list[str]:
    """The table of starts and reports."""
    lines = [
        "",
        "### starts and reports",
        "",
        "| | ms | / `import typer` | / `--version` | more than `--version`, ms |",
        "|---|--:|--:|--:|--:|",
    ]
    base, version = found[startup.BASE], found[startup.VERSION]
    lines += [
        f"| `{name}` | {seconds * 1000:.0f} | {seconds / base:.2f} | {seconds / version:.2f} |"
        f" {(seconds - version) * 1000:+.0f} |"
        for name, seconds in found.items()
    ]
    return lines


def section(size: city.City, turns: int, found: Found, starts: dict[str, float]) -> str:
    """One section of RESULTS.md."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    packages = [
        f"{name} {version(package)}"
        for name, package in (("DuckDB", "duckdb"), ("sqlite-utils", "sqlite-utils"))
        if package != "duckdb" or peers.duck_name()
    ]
    each = ", ".join(
        f"{found.bytes_each[kind]:.0f} bytes a {kind.removesuffix('s')}" for kind in KINDS
    )
    about = [
        (
            f"{datetime.now(UTC).date()}, {turns} turns. {os.cpu_count()} cores, {memory:.0f} GiB,"
            f" {sys.platform}, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version},"
            f" {', '.join(packages)}."
        ),
        "",
        (
            "Totals: every count of every reason, and every sum of `report leverage` by day, round,"
            " coupon, merchant, district, industry, size, brand and designated size, equal the oracle's."
        ),
        "",
        (
            f"File: {found.file_bytes / MIB:,.0f} MiB; {each} accepted (indexes, totals, kept"
            " rejects and the log included)."
        ),
    ]
    for kind in KINDS:
        counts = found.summaries[kind]
        about += [
            "",
            (
                f"{kind}: {counts['read']:,} rows = {counts['accepted']:,} accepted +"
                f" {counts['duplicate']:,} duplicate + {counts['rejected']:,} rejected."
            ),
        ]
    lines = [f"## {size.redemptions:,} redemptions", "", *about]
    for kind in reversed(KINDS):
        lines += loading(kind, found.taken[kind])
    return "\n".join([*lines, *starting(starts)]) + "\n"


def version(package: str) -> str:
    from importlib.metadata import version as installed

    return installed(package)


HEAD = """\
# Results

Written by `make bench`, which replaces the section of its own number of rows. What the columns mean: README.md beside this file;
what follows from the figures: docs/performance.md. "Ours / it": how many times as long as this peer `voucher` took for a row.
"""


def write(path: Path, text: str) -> None:
    """Put the section in place of the one of its heading: imports by their number of rows, the
    smallest first, then the others.
    """
    old = path.read_text("utf-8").split("\n## ")[1:] if path.exists() else []
    sections = {
        each.split("\n", 1)[0]: "## " + each.strip("\n") + "\n"
        for each in [*old, text.removeprefix("## ")]
    }
    path.write_text(
        "\n".join([HEAD, *(sections[heading] for heading in sorted(sections, key=_place))]), "utf-8"
    )


def _place(heading: str) -> tuple[bool, int, str]:
    number = heading.split(" ", 1)[0].replace(",", "")
    return not number.isdigit(), int(number) if number.isdigit() else 0, heading


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measure imports, reports and starts; see bench/README.md."
    )
    parser.add_argument(
        "--rows", type=int, default=200_000, help="redemptions; 3 claims for every 10"
    )
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument(
        "--folder",
        type=Path,
        default=HERE.parent / "build" / "bench",
        help="where the city is kept",
    )
    parser.add_argument("--results", type=Path, default=HERE / "RESULTS.md")
    given = parser.parse_args()
    size = city.size_of(given.rows, seed=given.seed)
    folder = (given.folder / str(given.rows)).resolve()
    expected = drawn(size, folder)
    found = Found()
    for number in range(1, given.turns + 1):
        turn(number, size, folder, expected, found)
    say("starts and reports ...")
    starts = startup.measured(folder / "turn", startup.START | REPORTS, runs=7)
    text = section(size, given.turns, found, starts)
    write(given.results, text)
    shutil.rmtree(folder / "turn")
    print(text)


if __name__ == "__main__":
    main()
