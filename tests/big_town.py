"""A town large enough to be imported in many chunks, and a canonical dump of what an import
left.
"""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import towns

if TYPE_CHECKING:
    from pathlib import Path

# the machine's own time differs from run to run, and what is made of it
CLOCKS = {
    "entered_at",
    "hash",
    "previous_hash",
    "applied_at",
}
TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) <> '_' ORDER BY"
    " name"
)
NOW = "2020-03-30T09:00:00+08:00"


def canonical(path: Path) -> list[str]:
    """Every row of every table, in key order, without the machine's clock and the key, which is
    drawn by chance.
    """
    db = sqlite3.connect(path)
    lines = []
    for (table,) in db.execute(TABLES).fetchall():
        names = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        kept = [name for name in names if name not in (*CLOCKS, "fingerprint")]
        lines += sorted(
            f"{table} {row}" for row in db.execute(f'SELECT {", ".join(kept)} FROM "{table}"')
        )
    db.close()
    return lines


FACTS = """
SELECT f.transaction_no, f.kind, c.claim_no, f.coupon_no, m.merchant_no, f.segment_id, f.channel,
    f.paid_at, f.day, f.base_fen,
    f.merchant_discount_fen, f.subsidy_fen, f.public_fen, f.platform_fen, f.match_fen, f.vouchers,
        p.transaction_no, f.batch_id, f.line
FROM redemption_facts f JOIN claims c USING (claim_id) JOIN merchants m USING (merchant_id)
LEFT JOIN redemptions p ON p.redemption_id = f.refund_of ORDER BY f.batch_id, f.line
"""
SHARES = """
SELECT r.round, t.day, u.funder, t.amount_fen
FROM funder_totals t JOIN rounds r USING (round_id) JOIN funders u USING (funder_id) ORDER BY 1, 2,
    3
"""
LEFT = {
    "days": "SELECT * FROM group_totals",
    "merchants": "SELECT * FROM merchant_totals",
    "warnings": "SELECT * FROM warnings",
    "rejects": "SELECT batch_id, line, reason, detail FROM rejects",
}


def left_by(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What imports left, whatever numbers the facts were given: facts, totals, rejects,
    warnings.
    """
    with sqlite3.connect(path) as db:
        found = {"facts": db.execute(FACTS).fetchall(), "shares": db.execute(SHARES).fetchall()}
        return found | {what: sorted(db.execute(statement)) for what, statement in LEFT.items()}


def prepare(voucher: Any, here: Path, claims: int, rows: int) -> None:
    """A round `big` whose packs are all claimed (two a resident would be too many), and a file
    r.csv of so many rows.
    """
    towns.make_round(voucher, "big", packs=claims, state="open")
    text = "".join(
        f"K{n},big,resident{n},2020-03-27 08:{n // 60 % 60:02d}:{n % 60:02d}\n"
        for n in range(claims)
    )
    (here / "big.csv").write_text(towns.CLAIMS + text, "utf-8")
    voucher("claim", "import", "big.csv", "--now", NOW)
    (here / "r.csv").write_text(towns.PAYMENTS + "".join(row(n) for n in range(rows)), "utf-8")


def row(n: int) -> str:
    """A payment; now and then one that is refunded in the next row, one at an unknown merchant, one
    with a number that a row far above has, and a refund that stands above its payment.
    """
    merchant = "nobody" if n % 97 == 3 else f"M{n % 2 + 1}"
    if n % 50 == 49:
        return f"R{n},refund,K{(n - 1) // 2},{(n - 1) % 2 + 1},M{(n - 1) % 2 + 1},{clock(n)},45,0,10,T{n - 1}\n"
    if n % 83 == 20:
        return f"R{n},refund,K{(n + 40) // 2},{(n + 40) % 2 + 1},M{(n + 40) % 2 + 1},{clock(n + 60)},45,0,10,T{n + 40}\n"
    number = f"T{n - 61}" if n % 89 == 70 else f"T{n}"
    return f"{number},pay,K{n // 2},{n % 2 + 1},{merchant},{clock(n)},45,0,10,\n"


def clock(n: int) -> str:
    """The moment of row `n`."""
    return f"2020-03-28 {10 + n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}"


def copied(here: Path, name: str) -> Path:
    """A folder with a copy of every file that is here."""
    folder = here / name
    folder.mkdir()
    for file in here.iterdir():
        if file.is_file():
            shutil.copy(file, folder / file.name)
    return folder
