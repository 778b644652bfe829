"""How long `risk scan` takes, and how much memory: synthetic payments laid down by hand, then the
command's own operation. CPU seconds, for the machine may have others at work.

    .venv/bin/python bench/risk.py [PAYMENTS]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import towns

from vouchercli.ops.risk import scans

SHOPS_OF, CLAIM_OF = 100, 3  # payments a shop, and a claim
DAYS, DAY, START = 42, 86_400, 1_585_238_400


def build(voucher: towns.Voucher) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "r1", state="open", packs=5_000)


def fill(session: towns.Session, size: int) -> None:
    """So many payments, their claims and shops."""
    chance, db = np.random.default_rng(1), session.db
    shops, claims = max(size // SHOPS_OF, 50), size // CLAIM_OF + 1
    db.execute("BEGIN")
    db.execute("DROP TRIGGER claims_take_a_seat")
    db.executemany(
        "INSERT OR IGNORE INTO segments (district, industry, size) VALUES (?, ?, ?)",
        [(f"d{n % 13}", f"i{n % 8}", f"s{n % 3}") for n in range(312)],
    )
    db.executemany(
        "INSERT INTO merchants (merchant_no, segment_id, district, industry, size, added_at,"
        " changed_at) SELECT ?, segment_id, district, industry, size, 0, 0 FROM segments"
        " WHERE segment_id = ?",
        [(f"M{n}", n % 300 + 2) for n in range(shops)],
    )
    first = db.execute("SELECT min(merchant_id) FROM merchants").fetchone()[0]
    owners = chance.integers(0, claims // 2 + 1, claims)
    db.executemany(
        "INSERT INTO claims VALUES (?, ?, 1, ?, ?, 0, 1 << 40, 0, 0)",
        (
            (n + 1, f"C{n}", int(owner).to_bytes(16, "big"), n + 1)
            for n, owner in enumerate(owners.tolist())
        ),
    )
    db.execute("INSERT INTO splits VALUES (1, 1, 0, 1000, 1000, 0, 0, 0)")
    popular = np.minimum(chance.lognormal(0, 1, shops).cumsum(), 1e18)
    where = np.searchsorted(popular, chance.random(size) * popular[-1]).tolist()
    moment = np.sort(chance.integers(0, DAYS * DAY, size)).tolist()
    base = (4_000 + chance.lognormal(7, 1, size)).astype(int).tolist()
    db.executemany(
        "INSERT INTO redemptions (redemption_id, transaction_no, voucher, use_no, merchant_id,"
        " segment_id, channel, paid_at, day, base_fen, merchant_discount_fen, split_id, line)"
        " VALUES (?, ?, ?, 1, ?, 1, 0, ?, 20200401, ?, 0, 1, 1)",
        (
            (
                n + 1,
                f"T{n}",
                (n // CLAIM_OF + 1) * 1024 + n % CLAIM_OF + 1,
                first + shop,
                START + at,
                fen,
            )
            for n, (shop, at, fen) in enumerate(zip(where, moment, base, strict=True))
        ),
    )
    db.execute("COMMIT")


def main(size: int) -> None:
    with TemporaryDirectory() as folder:
        session = towns.in_folder(Path(folder), "risk", towns.START, build)
        fill(session, size)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        outcome = scans.scan(session)
        spent = time.process_time() - start
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        made = outcome.tables[0].rows[0]
        print(
            f"{made.payments:,} payments at {made.merchants:,} merchants: {spent:.1f} s CPU,"
            f" {most >> 10} MiB at most ({before >> 10} before), {made.findings} findings"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
