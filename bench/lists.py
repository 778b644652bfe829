"""The first rows of every list, and the reports, beside the best query of the sqlite3 shell.

    python bench/lists.py DATABASE [--turns 3]     # a large file of the program, its key beside it

Each is a whole process, in turns with the shell; what is shown is the least CPU of the turns, for a
list waits for nothing. The shell's query gives the same first hundred rows with the best order of
joins that was found by hand, from tables and indexes that any program would have.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import startup

HERE = Path(__file__).resolve().parent
DETAILS = """JOIN splits s ON s.split_id = f.split_id JOIN rounds r ON r.round_id = s.round_id
    JOIN merchants m ON m.merchant_id = f.merchant_id ORDER BY f.paid_at, f.redemption_id"""
OF_FACTS = """SELECT * FROM (SELECT * FROM redemptions {which} ORDER BY paid_at, redemption_id
    LIMIT 100) f """
ASK = {
    "merchant": "SELECT m.merchant_no FROM redemptions f JOIN merchants m USING (merchant_id)"
    " WHERE f.redemption_id = (SELECT max(redemption_id) / 2 FROM redemptions)",
    "round": "SELECT round FROM rounds ORDER BY claimed DESC, round_id DESC LIMIT 1",
    "claim": "SELECT claim_no FROM claims WHERE claim_id = (SELECT max(claim_id) / 2 FROM claims)",
    "day": "SELECT substr(day, 1, 4) || '-' || substr(day, 5, 2) || '-' || substr(day, 7)"
    " FROM group_totals WHERE grouping = 'round' ORDER BY vouchers DESC, day LIMIT 1",
    "batch": "SELECT batch_id FROM batches ORDER BY rejected DESC LIMIT 1",
}
# command -> the shell's query for the same (blank: none that is worth while)
LISTS = {
    "redemption list": OF_FACTS.format(which="") + DETAILS,
    "redemption list --merchant {merchant}": OF_FACTS.format(
        which="WHERE merchant_id = (SELECT merchant_id FROM merchants"
        " WHERE merchant_no = '{merchant}')"
    )
    + DETAILS,
    "redemption list --round {round}": OF_FACTS.format(
        which="WHERE split_id IN (SELECT split_id FROM splits WHERE round_id ="
        " (SELECT round_id FROM rounds WHERE round = '{round}'))"
    )
    + DETAILS,
    "redemption list --claim {claim}": "",
    "claim list": "SELECT * FROM claims ORDER BY claimed_at, claim_no LIMIT 100",
    "claim list --round {round}": "SELECT * FROM claims WHERE round_id = (SELECT round_id"
    " FROM rounds WHERE round = '{round}') ORDER BY claimed_at, claim_no LIMIT 100",
    "application list": "SELECT * FROM applications ORDER BY applied_at, application_no LIMIT 100",
    "eligibility list": "SELECT resident_group, count(*) FROM eligibility GROUP BY 1",
    "merchant list": "SELECT * FROM merchants ORDER BY merchant_no LIMIT 100",
    "merchant show {merchant}": "",
    "batch list": "SELECT * FROM batches ORDER BY batch_id DESC LIMIT 100",
    "batch rejects {batch}": "SELECT * FROM rejects WHERE batch_id = {batch} LIMIT 100",
    "batch show {batch}": "",
    "audit log": "SELECT * FROM audit ORDER BY audit_id DESC LIMIT 100",
    "todo": "",
    "round show {round}": "",
    "report rounds": "",
    "report rounds --as-of {day}": "",
    "report leverage": "",
    "report leverage --by merchant": "",
    "report leverage --by merchant -o json": "",
    "doctor": "",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    database: Path = given.database.resolve()
    with closing(sqlite3.connect(database)) as db:
        asked = {name: db.execute(query).fetchone()[0] for name, query in ASK.items()}
        rows = db.execute("SELECT count(*) FROM redemptions").fetchone()[0]
    start = least([*startup.VOUCHER, "--version"], given.turns)
    print(f"## Lists beside the sqlite3 shell, {rows:,} redemptions\n")
    print("| command | CPU ms | more than `--version` | the shell, CPU ms |\n|---|--:|--:|--:|")
    for name, query in LISTS.items():
        command = name.format(**asked).split(" ")
        ours = least([*startup.VOUCHER, *command, "--db", str(database)], given.turns)
        theirs = (
            least(["sqlite3", "-readonly", str(database), query.format(**asked)], given.turns)
            if query
            else None
        )
        told = "" if theirs is None else f"{theirs * 1000:,.0f}"
        shown = name.replace("{", "").replace("}", "")
        print(f"| `{shown}` | {ours * 1000:,.0f} | {(ours - start) * 1000:+,.0f} | {told} |")
    return 0


def least(command: list[str], turns: int) -> float:
    """The least CPU seconds of a command in so many turns; it may find something to warn of."""
    taken = []
    for _ in range(turns):
        out = Path("lists.json")
        subprocess.run(
            [sys.executable, "-S", "-E", str(HERE / "measure.py"), str(out), *command],
            check=False,
            capture_output=True,
        )
        taken.append(float(json.loads(out.read_text())["cpu"]))
        out.unlink()
    return min(taken)


if __name__ == "__main__":
    sys.exit(main())
