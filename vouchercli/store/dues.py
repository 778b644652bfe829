"""What merchants are owed for signed days, by funder and round: the facts that were booked on these
days, added up.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import by_columns, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

# The last signed day behind which no day before it is unsigned; with its seal's last id and end.
SIGNED = """
SELECT d.day, d.last_redemption_id, d.ends_at FROM days d
JOIN day_signatures s USING (programme_id, day)
WHERE d.programme_id = :programme_id AND d.day <= :up_to AND d.day < ifnull((
    SELECT min(u.day) FROM days u LEFT JOIN day_signatures v USING (programme_id, day)
    WHERE u.programme_id = :programme_id AND v.day IS NULL), 99999999)
ORDER BY d.day DESC LIMIT 1
"""
TAKEN = """
SELECT t.day, t.last_redemption_id, d.ends_at
FROM taken_days t JOIN days d USING (programme_id, day)
WHERE t.programme_id = ? ORDER BY t.day DESC LIMIT 1
"""
TAKE = """
INSERT INTO taken_days (programme_id, day, last_redemption_id, taken_at) VALUES (?, ?, ?, ?)
"""
# Booked by then: written when that day was sealed, on that day or before it.
NEW = """f.day <= :day AND f.redemption_id <= :last_id
    AND NOT (f.day <= :after_day AND f.redemption_id <= :after_id)"""
STANDING = f"""
FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE (n.last_id > :after_id OR n.last_paid_at >= :after_at) AND n.first_id <= :last_id
    AND n.first_paid_at < :ends_at AND {NEW}
"""
BY_ROWS = f"SELECT f.merchant_id, f.split_id, count(*) {STANDING} GROUP BY 1, 2"
# Of each run all merchants and all splits, each in one text: of ten million it is the fastest.
BY_RUNS = f"""
SELECT group_concat(f.merchant_id), group_concat(f.split_id) {STANDING} GROUP BY n.first_id
"""
# What was reversed since stood then; its reversal is booked on a day of its own.
REVERSED = f"""
SELECT f.merchant_id, f.split_id, ({NEW}) - (f.booked_on > :after_day AND f.booked_on <= :day)
FROM reversed_redemptions f
"""
# Where several days are taken up together: each fact belongs to the first seal that has its day and
# was set after it was written.
SEALS = """
SELECT day, last_redemption_id, ends_at FROM days
WHERE programme_id = ? AND day > ? AND day <= ? ORDER BY day
"""
CLEAR_SEALS = "DROP TABLE IF EXISTS temp.seals_at_hand"
KEEP_SEALS = """
CREATE TEMP TABLE seals_at_hand (day INTEGER PRIMARY KEY, last_id INTEGER NOT NULL) STRICT
"""
INDEX_SEALS = "CREATE INDEX temp.seals_by_last_id ON seals_at_hand (last_id, day)"
ADD_SEAL = "INSERT INTO temp.seals_at_hand VALUES (?, ?)"
OF_DAY = "(SELECT s.day FROM temp.seals_at_hand s WHERE s.day >= {day} ORDER BY s.day LIMIT 1)"
SEAL_OF = f"""max({OF_DAY.format(day="f.day")}, (
    SELECT s.day FROM temp.seals_at_hand s WHERE s.last_id >= f.redemption_id
    ORDER BY s.last_id, s.day LIMIT 1))"""
BY_SEALS = f"SELECT {SEAL_OF}, f.merchant_id, f.split_id, count(*) {STANDING} GROUP BY 1, 2, 3"
REVERSED_BY_SEALS = f"""
SELECT {SEAL_OF}, f.merchant_id, f.split_id, 1 FROM reversed_redemptions f WHERE {NEW}
UNION ALL
SELECT {OF_DAY.format(day="f.booked_on")}, f.merchant_id, f.split_id, -1
FROM reversed_redemptions f WHERE f.booked_on > :after_day AND f.booked_on <= :day
"""
PARTS = """
SELECT s.split_id, s.round_id, p.funder_id, p.amount_fen
FROM splits s JOIN split_parts p USING (split_id) JOIN rounds r USING (round_id)
JOIN funders f USING (funder_id)
WHERE r.programme_id = ? AND f.kind <> 'merchant' AND p.amount_fen <> 0
"""
LAST_SPLIT = "SELECT ifnull(max(split_id), 0) FROM splits"
ADD = """
INSERT INTO dues (kind, funder_id, round_id, merchant_id, amount_fen, after_day, up_to, hold_id,
    transfer_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SETTLED = "SELECT ifnull(max(day), 0) FROM settled_days WHERE programme_id = ?"
SETTLE = "INSERT OR IGNORE INTO settled_days (programme_id, day, settled_at) VALUES (?, ?, ?)"
# So many facts at most are added up day by day; of more, one due is of all the days together, as
# there would be a due for nearly every fact.
DAY_BY_DAY = 1_000_000
TOGETHER = 2_000_000  # uses that are counted at once


class Seal(NamedTuple):
    """A day (yyyymmdd; 0: before all), the last redemption that was written when it was sealed, and
    its end (UTC seconds).
    """

    day: int
    last_id: int
    ends_at: int


BEFORE_ALL = Seal(0, 0, -(1 << 62))


class Due(NamedTuple):
    """What a merchant is owed of a funder for a round, in fen; negative: what it owes."""

    funder_id: int
    round_id: int
    merchant_id: int
    amount_fen: int


def signed(db: sqlite3.Connection, programme_id: int, up_to: int) -> Seal | None:
    """The last signed day up to one; None: none is signed."""
    return typed.row(db, Seal, SIGNED, {"programme_id": programme_id, "up_to": up_to})


def taken(db: sqlite3.Connection, programme_id: int) -> Seal:
    """The last day whose dues were taken up."""
    return typed.row(db, Seal, TAKEN, (programme_id,)) or BEFORE_ALL


def settled(db: sqlite3.Connection, programme_id: int) -> int:
    """The last day (yyyymmdd) up to which a run has settled all that was due; 0: none."""
    return typed.number(db, SETTLED, (programme_id,))


def note_settled(db: sqlite3.Connection, programme_id: int, day: int, at: int) -> None:
    """A run has settled all that was due up to a day, for whomever."""
    db.execute(SETTLE, (programme_id, day, at))


def take_up(db: sqlite3.Connection, programme_id: int, up_to: Seal, at: int) -> int:
    """Keep what was booked since the last day that was taken up; gives how many dues that are."""
    after = taken(db, programme_id)
    if up_to.day <= after.day:
        return 0
    taken_up = 0
    for before_day, day, dues in _by_day(db, programme_id, after, up_to):
        db.executemany(ADD, (("booked", *each, before_day, day, None, None) for each in dues))
        taken_up += len(dues)
    db.execute(TAKE, (programme_id, up_to.day, up_to.last_id, at))
    return taken_up


def _by_day(
    db: sqlite3.Connection, programme_id: int, after: Seal, up_to: Seal
) -> Iterator[tuple[int, int, list[Due]]]:
    """(the day before, the day, what was booked on it) of each sealed day behind one up to another;
    of very many facts all days are one.
    """
    seals = typed.rows(db, Seal, SEALS, (programme_id, after.day, up_to.day))
    if len(seals) == 1 or up_to.last_id - after.last_id > DAY_BY_DAY:
        yield after.day, up_to.day, add_up(db, programme_id, after, up_to)
        return
    db.execute(CLEAR_SEALS)
    db.execute(KEEP_SEALS)
    db.executemany(ADD_SEAL, [(seal.day, seal.last_id) for seal in seals])
    db.execute(INDEX_SEALS)
    asked, parts = _asked(after, up_to), typed.tuples(db, PARTS, (programme_id,))
    uses: dict[int, list[tuple[int, int, int]]] = {}
    for day, *use in chain(
        typed.tuples(db, BY_SEALS, asked), typed.tuples(db, REVERSED_BY_SEALS, asked)
    ):
        uses.setdefault(day, []).append((use[0], use[1], use[2]))
    for before, seal in pairwise((after, *seals)):
        yield before.day, seal.day, _add_up_rows(uses.get(seal.day, ()), parts)


def add(
    db: sqlite3.Connection,
    kind: str,
    due: Due,
    up_to: int,
    *,
    after: int = 0,
    hold_id: int | None = None,
    transfer_id: int | None = None,
) -> None:
    """Keep one due beside those that were booked: `held`, `part`, `repaid` or `written_off`."""
    db.execute(ADD, (kind, *due, after, up_to, hold_id, transfer_id))


def add_up(db: sqlite3.Connection, programme_id: int, after: Seal, up_to: Seal) -> list[Due]:
    """What was booked behind one sealed day up to another, by merchant, round and funder, in the
    order of merchants.
    """
    asked = _asked(after, up_to)
    parts = typed.tuples(db, PARTS, (programme_id,))
    reversed_ = [row for row in typed.tuples(db, REVERSED, asked) if row[2]]
    if by_columns.are_worth_it(db):
        return _add_up_columns(db, asked, parts, reversed_)
    return _add_up_rows(chain(typed.tuples(db, BY_ROWS, asked), reversed_), parts)


def _asked(after: Seal, up_to: Seal) -> dict[str, int]:
    return {
        "after_day": after.day,
        "after_id": after.last_id,
        "after_at": after.ends_at,
        "day": up_to.day,
        "last_id": up_to.last_id,
        "ends_at": up_to.ends_at,
    }


def _add_up_rows(uses: Iterable[tuple[int, int, int]], parts: list[tuple[Any, ...]]) -> list[Due]:
    of_split: dict[int, list[tuple[int, int, int]]] = {}
    for split_id, *part in parts:
        of_split.setdefault(split_id, []).append((part[0], part[1], part[2]))
    sums: Counter[tuple[int, int, int]] = Counter()
    for merchant_id, split_id, times in uses:
        for round_id, funder_id, fen in of_split.get(split_id, ()):
            sums[merchant_id, round_id, funder_id] += times * fen
    return [
        Due(funder_id, round_id, merchant_id, fen)
        for (merchant_id, round_id, funder_id), fen in sorted(sums.items())
        if fen
    ]


def _add_up_columns(
    db: sqlite3.Connection,
    asked: dict[str, int],
    parts: list[tuple[Any, ...]],
    reversed_: list[tuple[Any, ...]],
) -> list[Due]:
    """The same of many rows. A use is one number, merchant * splits + split."""
    import numpy as np  # heavy, and not everywhere

    splits = typed.number(db, LAST_SPLIT) + 1
    uses = [np.array([row[0] * splits + row[1] for row in reversed_], np.int64)]
    times = [np.array([row[2] for row in reversed_], np.int64)]
    for merchants, used in _lots(db, asked):
        use, count = np.unique(merchants * splits + used, return_counts=True)
        uses.append(use)
        times.append(count)
    every, place = np.unique(np.concatenate(uses), return_inverse=True)
    counted = np.zeros(len(every), np.int64)
    np.add.at(counted, place, np.concatenate(times))
    merchant, split = every // splits, every % splits
    amounts: dict[tuple[int, int], Any] = {}  # of each split, by round and funder
    for split_id, round_id, funder_id, fen in parts:
        amounts.setdefault((round_id, funder_id), np.zeros(splits, np.int64))[split_id] = fen
    dues = [
        Due(funder_id, round_id, merchant_id, fen)
        for (round_id, funder_id), of_split in amounts.items()
        for merchant_id, fen in _by_merchant(merchant, of_split[split] * counted)
    ]
    return sorted(dues, key=lambda due: (due.merchant_id, due.round_id, due.funder_id))


def _lots(db: sqlite3.Connection, asked: dict[str, int]) -> Iterator[tuple[Any, Any]]:
    """Merchants and splits of many uses at a time, as columns."""
    import numpy as np

    cursor = db.cursor()
    cursor.row_factory = None
    merchants: list[Any] = []
    splits: list[Any] = []
    for each in cursor.execute(BY_RUNS, asked):
        merchants.append(np.fromstring(each[0], np.int64, sep=","))
        splits.append(np.fromstring(each[1], np.int64, sep=","))
        if sum(map(len, merchants)) >= TOGETHER:
            yield np.concatenate(merchants), np.concatenate(splits)
            merchants.clear()
            splits.clear()
    if merchants:
        yield np.concatenate(merchants), np.concatenate(splits)


def _by_merchant(merchants: Any, fen: Any) -> Iterator[tuple[int, int]]:
    """(merchant, sum) of amounts that stand in the order of their merchants; no sum is 0."""
    import numpy as np

    is_any = fen != 0
    merchants, fen = merchants[is_any], fen[is_any]
    if not len(merchants):
        return
    first = np.flatnonzero(np.diff(merchants, prepend=merchants[0] - 1))
    sums = np.add.reduceat(fen, first)
    for merchant_id, total in zip(merchants[first].tolist(), sums.tolist(), strict=True):
        if total:
            yield merchant_id, total
