"""Which claims stood used at the end of a day: a bit a claim, in blocks of 8,192 claims of a round.

A bit of a day says that the claim began to stand used with that day, or ceased to: so all days up
to one, by exclusive or, are the claims that stood used at its end. Ten million redemptions of three
million claims take three megabytes, whatever day is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from vouchercli.store import open_rows, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

PLACES = 8_192  # claims of a block
VOUCHERS = 1_024  # numbers of vouchers of a claim
UNDONE = 0  # in place of a day: the claims of which a payment was undone, whose facts must be asked
LAST_DAY, LAST_ID = 99_991_231, 2**62

Place = tuple[int, int, int]  # block, round_id, day
Bits = dict[Place, int]
Of = tuple[int, int]  # round_id, block

CLEAR = "DROP TABLE IF EXISTS temp.recounted"
CREATE = "CREATE TEMP TABLE recounted (claim_id INTEGER PRIMARY KEY)"
ADD = "INSERT OR IGNORE INTO recounted (claim_id) VALUES (?)"
LEAVING = """
SELECT DISTINCT f.voucher / 1024
FROM temp.leaving CROSS JOIN redemptions f USING (redemption_id)
"""
BLOCK = "SELECT round_id, day, claims FROM used_claims WHERE block = ?"
PUT = """
INSERT INTO used_claims (block, round_id, day, claims) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET claims = excluded.claims
"""
DROP = "DELETE FROM used_claims WHERE block = ? AND round_id = ? AND day = ?"
NET = """CASE WHEN f.refund_of IS NULL THEN 1
    ELSE (SELECT b.vouchers FROM refunds b WHERE b.redemption_id = f.redemption_id) END"""
PAID = """
SELECT f.voucher / 1024, s.round_id, f.day
FROM redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
WHERE f.redemption_id > ? AND f.refund_of IS NULL
"""
# (claim_id, round_id, whether another payment of that day or before stands) of refunds that undo a
# payment.
REFUNDED = """
SELECT f.voucher / 1024, s.round_id, EXISTS (
    SELECT 1 FROM redemptions o INDEXED BY redemptions_by_voucher
    WHERE o.voucher BETWEEN f.claim_id * 1024 AND f.claim_id * 1024 + 1023 AND o.day <= p.day
        AND o.refund_of IS NULL AND NOT EXISTS (
            SELECT 1 FROM redemptions r CROSS JOIN refunds e ON e.redemption_id = r.redemption_id
            WHERE r.refund_of = o.redemption_id AND e.vouchers < 0))
FROM refunds b CROSS JOIN redemptions f ON f.redemption_id = b.redemption_id
CROSS JOIN splits s ON s.split_id = f.split_id
CROSS JOIN redemptions p ON p.redemption_id = f.refund_of
WHERE b.redemption_id BETWEEN ? AND ? AND b.vouchers < 0 ORDER BY f.voucher
"""
# (claim_id, round_id, day, 1 a payment, -1 a refund that undoes it, 0 any other): a claim's rows
# one after the other.
FACTS = f"""
SELECT u.claim_id, c.round_id, f.day, {NET}
FROM temp.recounted u CROSS JOIN claims c ON c.claim_id = u.claim_id
CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN u.claim_id * 1024 AND u.claim_id * 1024 + 1023
"""
ALL_FACTS = f"""
SELECT f.voucher / 1024, c.round_id, f.day, {NET}
FROM redemptions f INDEXED BY redemptions_by_voucher
CROSS JOIN claims c ON c.claim_id = f.voucher / 1024 ORDER BY f.voucher
"""
# All of each claim that has an open row (`open_rows`).
OPEN_FACTS = f"""
SELECT u.claim_id, c.round_id, f.day, {NET}
FROM (SELECT DISTINCT voucher / 1024 AS claim_id FROM temp.open_redemptions) u
CROSS JOIN claims c ON c.claim_id = u.claim_id
CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN u.claim_id * 1024 AND u.claim_id * 1024 + 1023
"""
OPEN_CLAIMS = "SELECT DISTINCT voucher / 1024 FROM temp.open_redemptions"
# (claim_id, round_id, day, as `NET`) of rows that no seal covers.
UNSEALED = f"""
SELECT f.voucher / 1024, s.round_id, f.day, {NET}
FROM temp.open_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN temp.open_rounds o ON o.round_id = s.round_id
WHERE f.redemption_id > o.last_redemption_id OR f.day > o.day
"""
SEALED_DAYS = "SELECT round_id, day FROM temp.open_rounds"
UNTIL = """
SELECT block, round_id, day, claims FROM used_claims WHERE day BETWEEN ? AND ?
ORDER BY block, round_id
"""
IN_SPAN = """
SELECT s.round_id, f.voucher / 1024
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN splits s ON s.split_id = f.split_id
WHERE n.first_paid_at < :until_at AND n.last_paid_at >= :from_at AND f.paid_at >= :from_at
    AND f.paid_at < :until_at
"""
STOOD = f"""
SELECT ifnull(sum({NET}), 0) > 0 FROM redemptions f INDEXED BY redemptions_by_voucher
WHERE f.voucher BETWEEN ?1 * 1024 AND ?1 * 1024 + 1023 AND f.paid_at < ?2
"""


# ---------------------------------------------------------------- kept with the facts


def add_written(db: sqlite3.Connection, after: int) -> None:
    """Add what the redemptions with an id above `after` make."""
    paid: defaultdict[Place, int] = defaultdict(int)
    for claim_id, round_id, day in db.execute(PAID, (after,)):
        block, place = divmod(claim_id, PLACES)
        paid[block, round_id, day] |= 1 << place
    add(db, paid, [(after + 1, LAST_ID)])


def add(
    db: sqlite3.Connection, paid: Mapping[Place, int], refunds: Iterable[tuple[int, int]]
) -> None:
    """Add payments, by block, round and day the bits of the claims that were paid with, and the
    refunds among these spans of redemptions (first and last id).

    The facts are asked of those claims alone whose bits do not say what becomes of them.
    """
    asked = []
    for block, places in groupby(sorted(paid), itemgetter(0)):
        stand = _block(db, block)
        now = dict(stand)
        for place in places:
            asked += _pay(now, place, paid[place])
        _put(db, stand, now)
    for span in refunds:
        undone = typed.tuples(db, REFUNDED, span)
        for block, some in groupby(undone, lambda row: row[0] // PLACES):
            stand = _block(db, block)
            now = dict(stand)
            asked += _undo(now, block, some)
            _put(db, stand, now)
    recount(db, {*asked})


def _pay(bits: Bits, place: Place, paid: int) -> list[int]:
    """Add payments of a day; returns the claims whose facts must be asked. A claim of which nothing
    was undone stands used from the first day it was paid with.
    """
    block, round_id, _ = place
    undone = bits.get((block, round_id, UNDONE), 0)
    used, later = _used_by(bits, place)
    first, changes = paid & ~used, 0
    for other in later:
        changes |= bits[other]
        bits[other] &= ~first
    bits[place] = bits.get(place, 0) | first
    return [block * PLACES + at for at in _places(paid & undone & (changes | ~used))]


def _undo(bits: Bits, block: int, refunded: Iterable[tuple[int, int, int]]) -> Iterator[int]:
    """Note the claims of undone payments (`REFUNDED`); gives those whose facts must be asked: where
    another payment of that day or before stands, nothing has changed.
    """
    for claim_id, round_id, is_paid in refunded:
        if not is_paid:
            yield claim_id
        of = (block, round_id, UNDONE)
        bits[of] = bits.get(of, 0) | 1 << claim_id % PLACES


def _used_by(bits: Bits, place: Place) -> tuple[int, list[Place]]:
    """The claims of the block and round that stood used at the end of the day, and the places of
    later days.
    """
    used, later = 0, []
    for other, each in bits.items():
        if other[:2] == place[:2] and other[2] != UNDONE:
            if other[2] <= place[2]:
                used ^= each
            else:
                later.append(other)
    return used, later


def leaving(db: sqlite3.Connection) -> list[int]:
    """The claims of the redemptions of temp.leaving."""
    return typed.column(db, LEAVING)


def recount(db: sqlite3.Connection, claim_ids: Iterable[int]) -> None:
    """Set the bits of these claims from all that stands of them."""
    if not (claims := sorted(claim_ids)):
        return
    db.execute(CLEAR)
    db.execute(CREATE)
    db.executemany(ADD, [(claim_id,) for claim_id in claims])
    for _, stand, now in _made_anew(db, claims, db.execute(FACTS)):
        _put(db, stand, now)


def _made_anew(
    db: sqlite3.Connection, claims: Iterable[int], facts: Iterable[tuple[int, int, int, int]]
) -> Iterator[tuple[int, Bits, Bits]]:
    """(block, its bits, its bits with those of these claims made of their facts, as `FACTS`)."""
    bits = _bits(facts)
    for block, some in groupby(claims, lambda claim_id: claim_id // PLACES):
        others = ~sum(1 << claim_id % PLACES for claim_id in some)
        stand = _block(db, block)
        now = {place: each & others for place, each in stand.items()}
        for place, each in bits.pop(block, {}).items():
            now[place] = now.get(place, 0) | each
        yield block, stand, now


def remade(
    db: sqlite3.Connection, claims: Iterable[int], facts: Iterable[tuple[int, int, int, int]]
) -> Iterator[tuple[int, list[tuple[int, int, int, bytes]]]]:
    """The blocks of these claims (in their order) with the rows that they would have if only these
    facts, as `FACTS`, stood of them: (block, round_id, day, claims).
    """
    for block, _, now in _made_anew(db, claims, facts):
        yield block, [(*place, _octets(bits)) for place, bits in now.items() if bits]


def count_all(db: sqlite3.Connection) -> None:
    """Count every claim, of a file from before these were kept."""
    for bits in _bits(db.execute(ALL_FACTS)).values():
        _put(db, {}, bits)


def miscounted(db: sqlite3.Connection) -> Iterator[tuple[int, int, int, int]]:
    """(claim_id, day, bit that is kept, bit that the facts make) where they differ: of claims that
    have open rows, and of open days.
    """
    with open_rows.laid_out(db) as is_partial:
        made = _bits(db.execute(OPEN_FACTS if is_partial else ALL_FACTS))
        kept = _kept(db)
        if is_partial:
            kept = _open_ones(db, kept)
    yield from unlike(made, kept)


def miscounted_beside(
    db: sqlite3.Connection, paid: Mapping[Place, int], undone: Iterable[int]
) -> Iterator[tuple[int, int, int, int]]:
    """The same of all claims. Of rows of sealed days it is known by block, round and day which
    claims were paid with (`paid`), and the claims of which a payment was `undone`.
    """
    bits, asked = {**paid}, {*undone}
    for claim_id, round_id, day, vouchers in db.execute(UNSEALED):
        if vouchers < 0:
            asked.add(claim_id)
        elif vouchers > 0:
            block, place = divmod(claim_id, PLACES)
            bits[block, round_id, day] = bits.get((block, round_id, day), 0) | 1 << place
    made = _first_paid(bits, asked)
    for some in _facts_of(db, asked).values():
        for of, each in some.items():
            made[of] = made.get(of, 0) | each
    yield from unlike({0: made}, _kept(db))


def _first_paid(paid: Bits, others: Iterable[int]) -> Bits:
    """The days on which claims began to stand used of which nothing was undone."""
    masks: defaultdict[int, int] = defaultdict(int)
    for claim_id in others:
        masks[claim_id // PLACES] |= 1 << claim_id % PLACES
    made: Bits = {}
    for (block, _), places in groupby(sorted(paid), lambda place: place[:2]):
        seen = masks[block]
        for place in places:
            if first := paid[place] & ~seen:
                made[place] = first
            seen |= paid[place]
    return made


def _facts_of(db: sqlite3.Connection, claim_ids: Iterable[int]) -> dict[int, Bits]:
    """What all facts of these claims make, by block."""
    with open_rows.able_to_write(db):
        db.execute(CLEAR)
        db.execute(CREATE)
        db.executemany(ADD, [(claim_id,) for claim_id in sorted(claim_ids)])
        bits = _bits(db.execute(FACTS))
        db.execute(CLEAR)
    return bits


def unlike(made: Mapping[int, Bits], kept: Bits) -> Iterator[tuple[int, int, int, int]]:
    """As `miscounted`, of bits by block that facts make, and bits that are kept."""
    counted = {place: each for bits in made.values() for place, each in bits.items()}
    for place in sorted(counted.keys() | kept.keys()):
        stands, bits = kept.get(place, 0), counted.get(place, 0)
        for at in _places(stands ^ bits):
            yield place[0] * PLACES + at, place[2], stands >> at & 1, bits >> at & 1


def _kept(db: sqlite3.Connection) -> Bits:
    return {
        (block, round_id, day): int.from_bytes(octets, "little")
        for block, round_id, day, octets in db.execute(UNTIL, (UNDONE, LAST_DAY))
    }


def _open_ones(db: sqlite3.Connection, kept: Bits) -> Bits:
    """Of the bits that are kept those of claims with open rows; of open days all."""
    sealed = dict(typed.tuples(db, SEALED_DAYS))
    masks: defaultdict[int, int] = defaultdict(int)
    for claim_id in typed.column(db, OPEN_CLAIMS):
        masks[claim_id // PLACES] |= 1 << claim_id % PLACES
    return {
        place: bits if place[2] > sealed.get(place[1], 0) else bits & masks[place[0]]
        for place, bits in kept.items()
    }


def _bits(facts: Iterable[tuple[int, int, int, int]]) -> dict[int, Bits]:
    """What facts (as `FACTS`) make, by block."""
    bits: defaultdict[int, Bits] = defaultdict(lambda: defaultdict(int))
    for claim_id, rows in groupby(facts, itemgetter(0)):
        block, place = divmod(claim_id, PLACES)
        for round_id, day in _days(rows):
            bits[block][block, round_id, day] |= 1 << place
    return bits


def _days(rows: Iterable[tuple[int, int, int, int]]) -> Iterator[tuple[int, int]]:
    """(round_id, day) of the days on which a claim began to stand used or ceased to."""
    net: defaultdict[int, int] = defaultdict(int)
    is_undone = False
    for _, round_id, day, vouchers in rows:  # noqa: B007 - of one claim they are all alike
        net[day] += vouchers
        is_undone |= vouchers < 0
    if is_undone:
        yield round_id, UNDONE
    stands = 0
    for day in sorted(net):
        before, stands = stands, stands + net[day]
        if (before > 0) != (stands > 0):
            yield round_id, day


def _block(db: sqlite3.Connection, block: int) -> Bits:
    return {
        (block, round_id, day): int.from_bytes(octets, "little")
        for round_id, day, octets in db.execute(BLOCK, (block,))
    }


def _put(db: sqlite3.Connection, stand: Bits, now: Bits) -> None:
    """Write what differs from what stands; what has come to nothing leaves no trace."""
    for place, bits in now.items():
        if bits == stand.get(place, 0):
            continue
        if bits:
            db.execute(PUT, (*place, _octets(bits)))
        else:
            db.execute(DROP, place)


def _octets(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _places(bits: int) -> Iterator[int]:
    """The places of the bits that are set."""
    for at, octet in enumerate(_octets(bits)):
        if octet:
            yield from (at * 8 + bit for bit in range(8) if octet >> bit & 1)


# ---------------------------------------------------------------- read


class Used:
    """The claims that stood used at a moment, by round: after the whole days up to one, then with
    what was paid on a part of the day behind it.
    """

    def __init__(self, db: sqlite3.Connection, last_day: int) -> None:
        self._db = db
        self._bits: dict[Of, int] = {}
        for block, round_id, _, octets in db.execute(UNTIL, (UNDONE + 1, last_day)):
            of = (round_id, block)
            self._bits[of] = self._bits.get(of, 0) ^ int.from_bytes(octets, "little")

    def go_on(self, from_at: int, until_at: int) -> None:
        """Add a part of the next day, from its beginning (UTC seconds)."""
        undone = {
            (round_id, block): int.from_bytes(octets, "little")
            for block, round_id, _, octets in self._db.execute(UNTIL, (UNDONE, UNDONE))
        }
        for of, touched in self._touched(from_at, until_at).items():
            asked = touched & undone.get(of, 0)
            stood = self._bits.get(of, 0) & ~asked | touched & ~asked
            for place in _places(asked):
                claim_id = of[1] * PLACES + place
                stood |= typed.number(self._db, STOOD, (claim_id, until_at)) << place
            self._bits[of] = stood

    def _touched(self, from_at: int, until_at: int) -> dict[Of, int]:
        octets: defaultdict[Of, bytearray] = defaultdict(lambda: bytearray(PLACES // 8))
        for round_id, claim_id in self._db.execute(
            IN_SPAN, {"from_at": from_at, "until_at": until_at}
        ):
            block, place = divmod(claim_id, PLACES)
            octets[round_id, block][place >> 3] |= 1 << (place & 7)
        return {of: int.from_bytes(each, "little") for of, each in octets.items()}

    def count(self, round_id: int) -> int:
        """How many claims of a round."""
        return sum(bits.bit_count() for of, bits in self._bits.items() if of[0] == round_id)

    def claims(self, round_id: int) -> list[int]:
        """The claims (ids) of a round."""
        return [
            of[1] * PLACES + place
            for of, bits in sorted(self._bits.items())
            if of[0] == round_id
            for place in _places(bits)
        ]
