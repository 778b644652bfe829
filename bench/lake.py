"""A lake: how fast a city exports, how many bytes a row takes, how fast a province is asked.

    python bench/lake.py FOLDER [--rows 1000000] [--cities 12] [--spark local[2]] [--peers 12]

A synthetic city is drawn, taken in and sealed, and exports into a lake; the other cities of the
lake are its files again under other codes. FOLDER is made, or used again. Each report is a whole
process. Beside the local engine DuckDB and Spark (where they can be had: `make bench`, `make
.venv-spark/.made`) are asked the same texts of SQL on the same files of the first cities (`--peers`);
their rows must be the same integers (exit 5). Of Spark the wall time alone is shown: it works in
processes of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import city as drawn

VOUCHER = Path(sys.executable).with_name("voucher")
MEASURE = (sys.executable, str(Path(__file__).with_name("measure.py")))
REPORTS = (
    "leverage --by city",
    "leverage --by day",
    "leverage --by district,industry",
    "leverage --by merchant --limit 100",
    "rounds",
    "merchants",
)
ASKED: tuple[tuple[str, ...], ...] = (("city",), ("day",), ("district", "industry"), ("merchant",))
SEAL = ("day", "close", "2020-04-30", "--now", "2020-05-01 09:30", "--actor", "mei")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--cities", type=int, default=12)
    parser.add_argument("--spark", default="local[2]", metavar="MASTER")
    parser.add_argument("--peers", type=int, default=12, metavar="CITIES")
    parser.add_argument("--peers-only", action="store_true")
    given = parser.parse_args()
    build(given.folder, given.rows)
    lake = given.folder / "lake"
    codes = [f"33{place:02d}00" for place in range(1, given.cities + 1)]
    exported(given.folder, lake, codes)
    for report in () if given.peers_only else REPORTS:
        took = measured(given.folder, ["report", *report.split(), "--lake", "lake", "-o", "json"])
        print(f"| report {report} | {took['wall']:.1f} | {took['cpu']:.1f} | {mib(took)} |")
    return beside(lake, codes[: given.peers], given.spark)


def build(folder: Path, rows: int) -> None:
    """The city, taken in and sealed, unless it is there."""
    if (folder / "voucher.db").exists():
        return
    size = drawn.size_of(rows)
    drawn.draw(size, folder)
    for words in (*drawn.setup(size), *drawn.imports(), SEAL):
        subprocess.run([VOUCHER, *words], cwd=folder, stdout=DEVNULL, stderr=DEVNULL, check=False)


def exported(folder: Path, lake: Path, codes: list[str]) -> None:
    """The first code exports and is measured; its files are written again for the others."""
    if not (lake / codes[0]).exists():
        took = measured(folder, ["lake", "export", "lake", "--city", codes[0]])
        files = manifest(lake / codes[0])["files"]
        facts = sum(each["sums"].get("facts", 0) for each in files)
        paid = [each for each in files if each["table"] == "payments"]
        rows, size = (sum(each[key] for each in paid) for key in ("rows", "bytes"))
        print(
            f"| lake export, {facts:,} payments and refunds | {took['wall']:.1f} | {took['cpu']:.1f}"
            f" | {mib(took)} | {facts / took['cpu']:,.0f} facts/s of CPU; {rows:,} rows of"
            f" {size / rows:.1f} bytes |",
            flush=True,
        )
    for code in codes[1:]:
        if not (lake / code).exists():
            again(lake, codes[0], code)


def again(lake: Path, code: str, other: str) -> None:
    """The files of a city under another code."""
    import polars as pl

    from vouchercli.formats.columnar import lake_files
    from vouchercli.rules import lake as rules
    from vouchercli.rules.canonical import own_digest

    document = manifest(lake / code)
    source, to = (lake / each / document["programme"] for each in (code, other))
    for each in document["files"]:
        path = to / each["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pl.scan_parquet(source / each["path"]).with_columns(city=pl.lit(other))
        frame.sink_parquet(path, compression="zstd")
        each["bytes"], each["sha256"] = lake_files.digest(path)
    document["city"] = other
    text = json.dumps(document | {"sha256": own_digest(document)}, ensure_ascii=False)
    (to / rules.MANIFEST).write_text(text, "utf-8")


def manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads(next(folder.glob("*/manifest.json")).read_text("utf-8")))


def measured(folder: Path, words: list[str]) -> dict[str, Any]:
    told = folder / "told.json"
    command = [*MEASURE, str(told.resolve()), str(VOUCHER), *words]
    subprocess.run(command, cwd=folder, stdout=DEVNULL, check=True)
    return dict(json.loads(told.read_text("utf-8")))


def mib(took: dict[str, Any]) -> str:
    return f"{took['rss'] / 2**20:.0f}"


class Duck:
    """DuckDB as an engine of lakes."""

    def __init__(self) -> None:
        import duckdb

        self.db = duckdb.connect()

    def files(self, table: str, columns: Any, parts: Any) -> None:
        names = ", ".join(f"'{path}'" for paths in parts.values() for path in paths)
        self.db.execute(f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM read_parquet([{names}])")

    def rows(self, table: str, columns: Any, rows: Any) -> None:
        kinds = ", ".join(
            f"{name} {'VARCHAR' if kind == 'text' else 'BIGINT'}" for name, kind in columns.items()
        )
        self.db.execute(f"CREATE OR REPLACE TABLE {table} ({kinds})")
        marks = ", ".join("?" * len(columns))
        self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return self.db.execute(statement).fetchall()

    ask_apart = ask

    def close(self) -> None:
        self.db.close()


def peers_of(master: str, lake: str) -> dict[str, Any]:
    """The engines that can be had here."""
    from vouchercli.errors import VoucherError
    from vouchercli.ops.lake.spark import spark
    from vouchercli.store.lake_engine import Local

    peers: dict[str, Any] = {"polars": Local(lake)}
    try:
        peers["DuckDB"] = Duck()
    except ImportError:
        print("without DuckDB", file=sys.stderr)
    sys.path += map(str, Path(f"{sys.prefix}-spark").glob("lib*/python3*/site-packages"))
    try:
        peers["Spark"] = spark(master, lake)
    except VoucherError as error:
        print(f"without Spark: {error.code}", file=sys.stderr)
    return peers


def beside(lake: Path, codes: list[str], master: str) -> int:
    """The same texts for every engine, in turns; 5 where they differ."""
    from vouchercli.ops.lake import asking
    from vouchercli.store import lake_queries as sql

    peers = peers_of(master, str(lake))
    with asking.opened(asking.Asked(lake, "local", 0, places=codes)) as opened:
        heads = {each.name: each.manifest.day for each in opened.counted}
        for engine in peers.values():
            asking._set_up(engine, opened.counted, heads)
        for by in ASKED:
            found, took = {}, {}
            for name, engine in peers.items():
                asking.beside(engine, opened.rounds, by, opened.asked.days, opened.counted)
                begun, cpu = time.perf_counter(), os.times()
                found[name] = [*engine.ask_apart(sql.sums(by))]
                spent = os.times().user + os.times().system - cpu.user - cpu.system
                of_cpu = "" if name == "Spark" else f" / {spent:.2f}"
                took[name] = f"{name} {time.perf_counter() - begun:.2f}{of_cpu}"
            print(f"| sums by {', '.join(by)} | {' | '.join(took.values())} |", flush=True)
            if any(rows != found["polars"] for rows in found.values()):
                print(f"they differ by {by}", file=sys.stderr)
                return 5
    for engine in peers.values():
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
