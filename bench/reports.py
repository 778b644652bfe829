"""Every report on a large file, beside the sqlite3 shell that adds up the same facts, and workbooks
beside polars writing the same rows.

    python bench/reports.py DATABASE [--turns 3] [--only TEXT]     # a large file of the program, its key beside it

Each is a whole process, in turns with its peer; what is shown is the least of the turns: CPU, and
beyond a start of the program, which targets count. Where totals suffice the target is 1 s beyond
start, where facts are needed 5 s; a workbook of 100,000 merchants 15 s. The shell reads facts and
adds them up by the same key; it knows no totals, no ratios and no words. No timing fails.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import startup

HERE = Path(__file__).resolve().parent
MIB = 1 << 20
TOTALS, FACTS, BOOK = 1.0, 5.0, 15.0  # seconds beyond start
SUMS = "count(*), sum(f.base_fen), sum(s.public_fen)"
JOINED = "FROM redemptions f JOIN splits s USING (split_id)"
BY_ROUND = f"SELECT s.round_id, {SUMS} {JOINED} GROUP BY 1"
BY_DAY = f"SELECT f.day, {SUMS} {JOINED} GROUP BY 1"
BY_DISTRICT = f"SELECT g.district, {SUMS} {JOINED} JOIN segments g USING (segment_id) GROUP BY 1"
BY_BRAND = f"SELECT g.brand, {SUMS} {JOINED} JOIN segments g USING (segment_id) GROUP BY 1"
BY_BASE = (
    f"SELECT s.round_id, f.voucher % 1024, f.base_fen / 1000, count(*) {JOINED} GROUP BY 1, 2, 3"
)
BY_MERCHANT = f"SELECT f.merchant_id, {SUMS} {JOINED} GROUP BY 1"
BY_PAIR = f"""SELECT g.district, g.industry, {SUMS} {JOINED} JOIN segments g USING (segment_id)
    GROUP BY 1, 2"""
BY_COUPON = f"""SELECT k.coupon, f.channel, {SUMS} {JOINED} JOIN rounds r USING (round_id)
    JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no GROUP BY 1, 2"""
BY_CLAIM = "SELECT round_id, count(*), max(claimed_at) FROM claims GROUP BY 1"
BY_FILE = f"""SELECT n.batch_id, f.split_id, {SUMS} FROM redemption_runs n JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id JOIN splits s USING (split_id)
    GROUP BY 1, 2"""
WRITE_BOOK = """
import sys, polars
polars.read_csv(sys.argv[1], infer_schema_length=None).write_excel(sys.argv[2])
"""
# command -> (target, what the shell is asked; blank: no query that is worth while)
REPORTS: dict[str, tuple[float, str]] = {
    "report leverage": (TOTALS, BY_ROUND),
    "report leverage --by day": (FACTS, BY_DAY),
    "report leverage --by district": (TOTALS, BY_DISTRICT),
    "report leverage --by district,industry": (TOTALS, BY_PAIR),
    "report leverage --by district,industry --as-of '{within}'": (FACTS, ""),
    "report leverage --by coupon,channel": (FACTS, BY_COUPON),
    "report leverage --as-of '{within}'": (TOTALS, ""),
    "report leverage --by merchant": (TOTALS, BY_MERCHANT),
    "report leverage --by brand": (TOTALS, BY_BRAND),
    "report leverage --by brand,day --since {day} --until {day}": (FACTS, ""),
    "report orders": (FACTS, BY_BASE),
    "report rounds": (TOTALS, BY_CLAIM),
    "report bulletin --day {day}": (TOTALS, ""),
    "report merchants": (TOTALS, BY_MERCHANT),
    "report timeline": (TOTALS, ""),
    "report rejects": (TOTALS, "SELECT reason, count(*) FROM rejects GROUP BY 1"),
    "report brief": (TOTALS, ""),
    "report funds": (TOTALS, ""),
    "report operations": (TOTALS, ""),
    "report settlement": (TOTALS, ""),
    "report fairness": (FACTS, ""),
    "report compare {round} {other}": (TOTALS, ""),
    "report explain leverage": (FACTS, BY_FILE),
    "report explain leverage --round {round}": (FACTS, ""),
    "export datasette {folder}/d": (FACTS, ""),
    "export package {folder}/p": (FACTS, ""),
}
BOOKS = ("merchant list --limit 0", "report leverage --by merchant --limit 0")
ASK = {
    "round": "SELECT round FROM rounds ORDER BY claimed DESC, round_id LIMIT 1",
    "other": "SELECT round FROM rounds ORDER BY claimed DESC, round_id LIMIT 1 OFFSET 1",
    "day": "SELECT substr(day, 1, 4) || '-' || substr(day, 5, 2) || '-' || substr(day, 7)"
    " FROM group_totals WHERE grouping = 'round' ORDER BY vouchers DESC, day LIMIT 1",
}


class Taken(NamedTuple):
    """CPU and wall seconds of a process with its children, and its peak bytes in memory."""

    cpu: float
    wall: float
    rss: int


def taken(command: list[str], folder: Path) -> Taken:
    """What one process takes; a report whose figures differ ends with 5 and counts."""
    out = folder / "taken.json"
    measure = [sys.executable, "-S", "-E", str(HERE / "measure.py"), str(out), *command]
    done = subprocess.run(measure, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 5):
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    found = json.loads(out.read_text())
    return Taken(found["cpu"], found["wall"], found["rss"])


def least(ours: list[str], theirs: list[str], turns: int, folder: Path) -> tuple[Taken, float]:
    """The least of the turns of both, who take turns; without a peer its CPU is 0."""
    rounds = [
        (taken(ours, folder), taken(theirs, folder).cpu if theirs else 0.0) for _ in range(turns)
    ]
    return min(each for each, _ in rounds), min(peer for _, peer in rounds)


def line(name: str, target: float, start: float, ours: Taken, peer: float) -> str:
    beyond = ours.cpu - start
    verdict = "met" if beyond <= target else f"{beyond / target:.1f}x"
    shown = f"{peer:.2f} | {ours.cpu / peer:.2f}x" if peer else " | "
    return (
        f"| `{name}` | {ours.cpu:.2f} | {beyond:+.2f} | {target:.0f} | {verdict} |"
        f" {ours.wall:.2f} | {ours.rss / MIB:,.0f} | {shown} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", default="", metavar="TEXT", help="commands with this in them")
    given = parser.parse_args()
    database: Path = given.database.resolve()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        asked = {name: db.execute(query).fetchone()[0] for name, query in ASK.items()}
        rows = db.execute("SELECT count(*) FROM redemptions").fetchone()[0]
        merchants = db.execute("SELECT count(*) FROM merchants").fetchone()[0]
    asked["within"] = f"{asked['day']} 12:34:56"
    where = ["--db", str(database)]
    print(f"## Reports, {rows:,} redemptions, {merchants:,} merchants\n")
    print("CPU seconds; beyond `--version`. The peer: the sqlite3 shell, of workbooks polars.\n")
    print("| command | CPU | beyond start | target | | wall | MiB | peer | ratio |")
    print("|---|--:|--:|--:|---|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        asked["folder"] = str(folder)
        start = least([*startup.VOUCHER, "--version"], [], given.turns, folder)[0].cpu
        for name, (target, query) in REPORTS.items():
            if given.only not in name:
                continue
            words = shlex.split(name.format(**asked))
            peer = ["sqlite3", "-readonly", str(database), query] if query else []
            found = least([*startup.VOUCHER, *words, *where], peer, given.turns, folder)
            shown = name.replace("{folder}/", "").replace("{", "").replace("}", "")
            print(line(shown, target, start, *found), flush=True)
        for name in (each for each in BOOKS if given.only in each):
            told = line(f"{name} -O x.xlsx", BOOK, start, *_book(name, where, given.turns, folder))
            print(told, flush=True)
    return 0


def _book(name: str, where: list[str], turns: int, folder: Path) -> tuple[Taken, float]:
    """A workbook of all rows, beside polars writing the same rows from our CSV."""
    table = folder / "rows.csv"
    words = [*startup.VOUCHER, *name.split(), *where]
    taken([*words, "-O", str(table)], folder)
    ours = [*words, "-O", str(folder / "ours.xlsx")]
    peer = [sys.executable, "-c", WRITE_BOOK, str(table), str(folder / "peer.xlsx")]
    return least(ours, peer, turns, folder)


if __name__ == "__main__":
    sys.exit(main())
