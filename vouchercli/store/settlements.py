"""Settlements and their transfers: what is owed is put together by payee, sent to the bank, and
paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import settlements as law
from vouchercli.store import dues, ledger, typed
from vouchercli.store.dues import Due
from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from vouchercli.session import Session


class Settlement(NamedTuple):
    """A settlement; amounts in fen: `planned_fen` when it was made, `paid_fen` what the bank has
    paid by now, `back_fen` what came back or was dropped. Moments in UTC seconds, days as yyyymmdd.
    """

    settlement: int
    programme_id: int
    funder_id: int
    funder: str
    state: str
    pattern: str
    up_to: int
    notice_days: int
    planned_fen: int
    made_by: str
    os_user: str
    made_at: int
    noticed_at: int | None
    exported_at: int | None
    bank: str
    pay_on: int | None
    file_sha256: str
    order_mark: str
    transfers: int
    paid: int
    paid_fen: int
    back: int
    back_fen: int


class Transfer(NamedTuple):
    """One payment to one payee (`merchant_no`, `name`), in fen."""

    transfer_id: int
    settlement: int
    transfer_no: str
    payee_id: int
    merchant_no: str
    name: str
    amount_fen: int
    state: str
    is_first: int
    paid_on: int | None
    reference: str
    reason: str
    answered_at: int | None


ALL = """
SELECT s.settlement_id, s.programme_id, s.funder_id, f.funder, s.state, s.pattern, s.up_to,
    s.notice_days, s.planned_fen, s.made_by, s.os_user, s.made_at, s.noticed_at, s.exported_at,
    s.bank, s.pay_on, s.file_sha256, s.order_mark, t.transfers, t.paid, t.paid_fen, t.back,
    t.back_fen
FROM settlements s JOIN funders f USING (funder_id) JOIN (
    SELECT settlement_id, sum(replaces IS NULL) AS transfers, sum(state = 'paid') AS paid,
        sum(iif(state = 'paid', amount_fen, 0)) AS paid_fen,
        sum(state IN ('rejected', 'returned', 'dropped')) - sum(replaces IS NOT NULL) AS back,
        sum(iif(state IN ('rejected', 'returned', 'dropped'), amount_fen, 0)
            - iif(replaces IS NULL, 0, amount_fen)) AS back_fen
    FROM transfers WHERE :settlement IS NULL OR settlement_id = :settlement
    GROUP BY settlement_id) t USING (settlement_id)
WHERE s.programme_id = :programme_id AND ifnull(s.state = :state, 1)
    AND ifnull(s.settlement_id = :settlement, 1)
"""
LIST = Listing(Settlement, ALL, "s.settlement_id DESC", names_columns=True)
TRANSFERS = """
SELECT t.transfer_id, t.settlement_id, t.transfer_no, t.payee_id, m.merchant_no, m.name,
    t.amount_fen, t.state, t.is_first, t.paid_on, t.reference, t.reason, t.answered_at
FROM transfers t JOIN merchants m ON m.merchant_id = t.payee_id
WHERE t.settlement_id = :settlement AND ifnull(t.state = :state, 1)
"""
TRANSFER_LIST = Listing(Transfer, TRANSFERS, "t.transfer_id", names_columns=True)
# Who is paid what of a round's dues: the payee that the programme names for its platform.
PAYEES = """
CREATE TEMP TABLE IF NOT EXISTS round_payees (round_id INTEGER PRIMARY KEY, payee_id INTEGER) STRICT
"""
NO_PAYEES = "DELETE FROM temp.round_payees"
ADD_PAYEES = """
INSERT INTO temp.round_payees
SELECT r.round_id, m.merchant_id FROM rounds r JOIN merchants m ON m.merchant_no = ?
WHERE r.programme_id = ? AND r.platform = ?
"""
# Dues that stand open and are not held, of one funder.
# What goes to a platform is held too while its account is one that nobody has looked at.
IS_HELD = """
(d.merchant_id IN (SELECT merchant_id FROM holds WHERE released_at IS NULL
        AND redemption_id IS NULL AND programme_id = f.programme_id)
    OR ifnull(d.hold_id IN (SELECT hold_id FROM holds WHERE released_at IS NULL), 0)
    OR d.round_id IN (
        SELECT r.round_id FROM holds h CROSS JOIN programmes p USING (programme_id)
            CROSS JOIN merchants y ON y.merchant_id = h.merchant_id
            CROSS JOIN json_each(p.document, '$.settlement.payees') j
            CROSS JOIN rounds r ON r.programme_id = p.programme_id AND r.platform = j.key
        WHERE h.reason = 'account_changed' AND h.released_at IS NULL AND h.redemption_id IS NULL
            AND y.merchant_no = CAST(j.value AS TEXT)))
"""
PAYEE = """
ifnull((SELECT payee_id FROM temp.round_payees y WHERE y.round_id = d.round_id), d.merchant_id)"""
OPEN = """
FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id AND d.transfer_id IS NULL
WHERE f.funder_id = :funder_id AND d.up_to <= :up_to AND ifnull(d.round_id = :round_id, 1)
    AND ifnull(d.merchant_id = :merchant_id, 1)
"""
OWED = f"""
SELECT o.payee_id, o.amount_fen, o.is_held, m.account_no <> '', :no_first OR EXISTS (
    SELECT 1 FROM transfers t WHERE t.payee_id = o.payee_id AND t.state = 'paid'
        AND t.account_token = a.token), EXISTS (
    SELECT 1 FROM transfers t WHERE t.payee_id = o.payee_id AND t.is_first AND (
        t.state = 'planned' OR t.state IN ('sent', 'accepted') AND t.account_token = a.token))
FROM (
    SELECT {PAYEE} AS payee_id, CAST(sum(d.amount_fen) AS BIGINT) AS amount_fen,
        {IS_HELD} AS is_held {OPEN} GROUP BY 1, 3
) o JOIN merchants m ON m.merchant_id = o.payee_id
    LEFT JOIN merchant_accounts a ON a.merchant_id = o.payee_id
ORDER BY o.payee_id, o.is_held
"""
ADD = """
INSERT INTO settlements (programme_id, funder_id, state, pattern, up_to, notice_days, planned_fen,
    made_by, os_user, made_at, order_mark, first_payment_fen)
VALUES (?, ?, 'draft', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING settlement_id
"""
LOADED = "SELECT programme, loaded_at FROM programmes WHERE programme_id = ?"
ADD_TRANSFER = """
INSERT INTO transfers (transfer_id, settlement_id, transfer_no, payee_id, amount_fen, state,
    is_first, account_token)
VALUES (?1, ?2, ?3, ?4, ?5, 'planned', ?6,
    (SELECT token FROM merchant_accounts WHERE merchant_id = ?4))
"""
NEXT_TRANSFER = "SELECT ifnull(max(transfer_id), 0) + 1 FROM transfers"
TRANSFER_OF = """
CREATE TEMP TABLE IF NOT EXISTS payee_transfers (payee_id INTEGER PRIMARY KEY, transfer_id INTEGER)
STRICT
"""
NO_TRANSFERS = "DELETE FROM temp.payee_transfers"
KEEP_TRANSFERS = """
INSERT INTO temp.payee_transfers SELECT payee_id, transfer_id FROM transfers
WHERE settlement_id = ? AND NOT is_first
"""
TAKE_DUES = f"""
UPDATE dues SET transfer_id = p.transfer_id
FROM (SELECT d.due_id, {PAYEE} AS payee_id {OPEN} AND NOT {IS_HELD}) o
    JOIN temp.payee_transfers p USING (payee_id)
WHERE dues.due_id = o.due_id
"""
# Of a first payment: which of the payee's dues it is a part of.
LARGEST = f"""
SELECT d.round_id, d.merchant_id, d.after_day, d.up_to {OPEN} AND NOT {IS_HELD}
    AND {PAYEE} = :payee_id
ORDER BY d.amount_fen DESC, d.due_id LIMIT 1
"""


class Asked(NamedTuple):
    """Which open dues are meant: of one funder, of days up to one (yyyymmdd), maybe of one round
    and one merchant.
    """

    funder_id: int
    up_to: int
    round_id: int | None = None
    merchant_id: int | None = None


def listed(db: sqlite3.Connection, programme_id: int, state: str | None = None) -> Listed:
    """The settlements of a programme, the newest first."""
    return LIST.of(db, programme_id=programme_id, state=state, settlement=None)


def named(db: sqlite3.Connection, programme_id: int, settlement: int) -> Settlement | None:
    """The settlement with that number; None: the programme has none."""
    asked = {"programme_id": programme_id, "state": None, "settlement": settlement}
    return typed.row(db, Settlement, ALL, asked)


def transfers(db: sqlite3.Connection, settlement: int, state: str | None = None) -> Listed:
    """The transfers of a settlement, in the order in which they were made."""
    return TRANSFER_LIST.of(db, settlement=settlement, state=state)


# ---------------------------------------------------------------- made


def name_payees(
    db: sqlite3.Connection, programme_id: int, payees: Iterable[tuple[str, str]]
) -> None:
    """Whom the dues of rounds of a platform go to: (platform, merchant number)."""
    db.execute(PAYEES)
    db.execute(NO_PAYEES)
    db.executemany(ADD_PAYEES, [(no, programme_id, platform) for platform, no in payees])


def owed(db: sqlite3.Connection, asked: Asked, *, knows_all: bool) -> Iterator[law.Owed]:
    """What each payee is owed, by payee; what is held of it apart. `knows_all`: nobody asks which
    accounts were paid before.
    """
    cursor = db.cursor()
    cursor.row_factory = None
    for payee_id, fen, *said in cursor.execute(OWED, {**asked._asdict(), "no_first": knows_all}):
        yield law.Owed(payee_id, fen, *map(bool, said))


def add(
    session: Session,
    programme_id: int,
    asked: Asked,
    terms: law.Terms,
    planned: Sequence[tuple[int, int, bool]],
) -> int:
    """Make a settlement of (payee, fen, whether it is a first payment); gives its number."""
    db = session.db
    mark = law.order_mark(*typed.tuples(db, LOADED, (programme_id,))[0])
    settlement = typed.number(
        db,
        ADD,
        (
            programme_id,
            asked.funder_id,
            terms.pattern,
            asked.up_to,
            terms.notice_days,
            sum(fen for _, fen, _ in planned),
            session.actor,
            session.os_user,
            session.now,
            mark,
            terms.first_payment_fen,
        ),
    )
    first = typed.number(db, NEXT_TRANSFER)
    rehearsed = "R" if session.is_rehearsal else ""
    db.executemany(
        ADD_TRANSFER,
        (
            (
                first + place,
                settlement,
                f"{rehearsed}S{settlement}-{place + 1}",
                payee_id,
                fen,
                is_first,
            )
            for place, (payee_id, fen, is_first) in enumerate(planned)
        ),
    )
    db.execute(TRANSFER_OF)
    db.execute(NO_TRANSFERS)
    db.execute(KEEP_TRANSFERS, (settlement,))
    db.execute(TAKE_DUES, asked._asdict())
    for place, (payee_id, fen, is_first) in enumerate(planned):
        if is_first:
            _take_part(db, asked, payee_id, fen, first + place)
    return settlement


def _take_part(
    db: sqlite3.Connection, asked: Asked, payee_id: int, fen: int, transfer_id: int
) -> None:
    """Take a part out of what a payee is owed; the rest stands open."""
    wanted = {**asked._asdict(), "payee_id": payee_id}
    round_id, merchant_id, after, up_to = typed.tuples(db, LARGEST, wanted)[0]
    part = Due(asked.funder_id, round_id, merchant_id, fen)
    dues.add(db, "part", part, up_to, after=after, transfer_id=transfer_id)
    dues.add(db, "part", part._replace(amount_fen=-fen), up_to, after=after)


# ---------------------------------------------------------------- moved on

SET_STATE = "UPDATE settlements SET state = ? WHERE settlement_id = ?"
NOTICE = "UPDATE settlements SET noticed_at = ? WHERE settlement_id = ?"
EXPORT = """
UPDATE settlements SET state = 'exported', exported_at = ?, bank = ?, pay_on = ?, file_sha256 = ?
WHERE settlement_id = ?
"""
SEND = """
UPDATE transfers SET state = 'sent',
    account_token = (SELECT token FROM merchant_accounts WHERE merchant_id = payee_id)
WHERE settlement_id = ? AND state = 'planned'
"""
DROP = """
UPDATE transfers SET state = 'dropped', reason = :reason, answered_at = :at
WHERE state = 'planned' AND settlement_id = :settlement
"""
# What is planned and pays something of a merchant; `rest_fen`: what it pays of others.
OF_MERCHANT = """
SELECT t.transfer_id, t.settlement_id, t.amount_fen, (
    SELECT CAST(ifnull(sum(o.amount_fen), 0) AS BIGINT) FROM dues o
    WHERE o.transfer_id = t.transfer_id AND o.merchant_id <> :merchant_id) AS rest_fen
FROM transfers t WHERE t.state = 'planned' AND t.transfer_id IN (
    SELECT d.transfer_id FROM dues d JOIN funders f USING (funder_id)
    WHERE d.merchant_id = :merchant_id AND f.programme_id = :programme_id)
ORDER BY t.transfer_id
"""
# To an account that has changed: also what a platform is paid of others.
OF_PAYEE = """
SELECT t.transfer_id, t.settlement_id FROM transfers t JOIN settlements s USING (settlement_id)
WHERE t.state = 'planned' AND t.payee_id = ? AND s.programme_id = ? ORDER BY t.transfer_id
"""
OTHER_DUES = "SELECT due_id FROM dues WHERE transfer_id = ? AND merchant_id <> ?"
DROP_ONE = """
UPDATE transfers SET state = 'dropped', reason = ?, answered_at = ? WHERE transfer_id = ?
"""
FREE_ONE = "UPDATE dues SET transfer_id = NULL WHERE transfer_id = ?"
REPLACE = """
INSERT INTO transfers (settlement_id, transfer_no, payee_id, amount_fen, state, is_first,
    account_token, replaces)
SELECT settlement_id, ? || 'S' || settlement_id || '-' || (
        SELECT count(*) + 1 FROM transfers o WHERE o.settlement_id = t.settlement_id),
    payee_id, ?, 'planned', is_first, account_token, transfer_id
FROM transfers t WHERE transfer_id = ? RETURNING transfer_id
"""
TAKE_THESE = "UPDATE dues SET transfer_id = ? WHERE due_id IN (SELECT value FROM json_each(?))"
# Who has lost the account since, or is held: the transfer is not sent, what it pays stands open.
DROP_UNPAYABLE = """
UPDATE transfers SET state = 'dropped', reason = 'no_account', answered_at = :at
WHERE state = 'planned' AND settlement_id = :settlement AND payee_id IN (
    SELECT merchant_id FROM merchants WHERE account_no = '')
"""
# Whose account has changed since, where new accounts are tried first: the next run does that.
DROP_UNTRIED = """
UPDATE transfers SET state = 'dropped', reason = 'account_changed', answered_at = :at
WHERE state = 'planned' AND NOT is_first AND settlement_id = :settlement AND EXISTS (
        SELECT 1 FROM settlements WHERE settlement_id = :settlement AND first_payment_fen > 0)
    AND EXISTS (
        SELECT 1 FROM merchant_accounts a WHERE a.merchant_id = transfers.payee_id
            AND a.token <> transfers.account_token AND NOT EXISTS (
                SELECT 1 FROM transfers t WHERE t.payee_id = a.merchant_id AND t.state = 'paid'
                    AND t.account_token = a.token))
"""
FREE = """
UPDATE dues SET transfer_id = NULL WHERE transfer_id IN (
    SELECT transfer_id FROM transfers WHERE settlement_id = ?
        AND state IN ('rejected', 'returned', 'dropped'))
"""
CAME_BACK = """
INSERT INTO came_back (transfer_id, due_id)
SELECT t.transfer_id, d.due_id FROM transfers t JOIN dues d USING (transfer_id)
WHERE t.settlement_id = ? AND t.state IN ('rejected', 'returned')
"""
# Of a settlement that the bank has answered: no line that came back is still owed. What is held is
# owed; of one that came back before it was kept what it was to pay, nobody can say.
CLOSE = """
UPDATE settlements SET state = 'closed'
WHERE programme_id = ? AND state = 'paid' AND NOT EXISTS (
    SELECT 1 FROM transfers t
    WHERE t.settlement_id = settlements.settlement_id AND t.state IN ('rejected', 'returned')
        AND (NOT EXISTS (SELECT 1 FROM came_back c WHERE c.transfer_id = t.transfer_id)
            OR EXISTS (
                SELECT 1 FROM came_back c CROSS JOIN dues d ON d.due_id = c.due_id
                    LEFT JOIN transfers p ON p.transfer_id = d.transfer_id
                WHERE c.transfer_id = t.transfer_id AND ifnull(p.state <> 'paid', (
                    SELECT sum(o.amount_fen) > 0 FROM dues o
                    WHERE o.funder_id = d.funder_id AND o.merchant_id = d.merchant_id
                        AND o.transfer_id IS NULL)))))
RETURNING settlement_id
"""
STATES = "SELECT DISTINCT state FROM transfers WHERE settlement_id = ?"
AMOUNT = """
SELECT CAST(ifnull(sum(amount_fen), 0) AS BIGINT) FROM transfers
WHERE settlement_id = ? AND state <> 'dropped'
"""
TO_SEND = """
SELECT t.transfer_id, s.order_mark || t.transfer_no, t.payee_id, t.amount_fen, m.merchant_no,
    m.name, m.account_name, m.bank, m.bank_no
FROM transfers t JOIN merchants m ON m.merchant_id = t.payee_id
    JOIN settlements s USING (settlement_id)
WHERE t.settlement_id = ? AND t.state IN ('planned', 'sent', 'accepted') ORDER BY t.transfer_id
"""
# What transfers pay, by funder and round.
PAID_PARTS = """
SELECT d.funder_id, d.round_id, CAST(sum(d.amount_fen) AS BIGINT)
FROM json_each(?) t CROSS JOIN dues d ON d.transfer_id = t.value
GROUP BY 1, 2 HAVING sum(d.amount_fen) <> 0 ORDER BY 1, 2
"""
# What is held of what stands open, less what the ledger has as held.
HELD_PARTS = f"""
SELECT funder_id, round_id, CAST(sum(fen) AS BIGINT) FROM (
    SELECT d.funder_id, d.round_id, d.amount_fen AS fen
    FROM dues d JOIN funders f USING (funder_id)
    WHERE f.programme_id = :programme_id AND d.transfer_id IS NULL AND {IS_HELD}
    UNION ALL
    SELECT b.funder_id, b.round_id, -b.held_fen FROM balances b JOIN funders f USING (funder_id)
    WHERE f.programme_id = :programme_id AND b.held_fen <> 0
) GROUP BY 1, 2 HAVING sum(fen) <> 0 ORDER BY 1, 2
"""


class ToSend(NamedTuple):
    """A transfer that goes into the bank's file, and its payee. `transfer_no`: as the bank knows
    it.
    """

    transfer_id: int
    transfer_no: str
    payee_id: int
    amount_fen: int
    merchant_no: str
    name: str
    account_name: str
    bank: str
    bank_no: str


def set_state(db: sqlite3.Connection, settlement: int, state: str) -> None:
    """It goes on."""
    db.execute(SET_STATE, (state, settlement))


def put_up(db: sqlite3.Connection, settlement: int, at: int) -> None:
    """The public list stands since that moment (UTC seconds)."""
    db.execute(NOTICE, (at, settlement))


def send(
    db: sqlite3.Connection, settlement: int, at: int, bank: str, pay_on: int, sha256: str
) -> None:
    """The bank's file is written: all that is planned is sent."""
    db.execute(EXPORT, (at, bank, pay_on, sha256, settlement))
    db.execute(SEND, (settlement,))


def drop(db: sqlite3.Connection, settlement: int, reason: str, at: int) -> None:
    """Nothing of it is paid: what it would have paid stands open again."""
    db.execute(DROP, {"settlement": settlement, "reason": reason, "at": at})
    db.execute(FREE, (settlement,))


def drop_unpayable(db: sqlite3.Connection, settlement: int, at: int) -> tuple[int, int]:
    """Drop what has no account any more, or another one that must be tried first; gives how many
    transfers either is.
    """
    asked = {"settlement": settlement, "at": at}
    dropped = db.execute(DROP_UNPAYABLE, asked).rowcount
    untried = db.execute(DROP_UNTRIED, asked).rowcount
    db.execute(FREE, (settlement,))
    return dropped, untried


class Planned(NamedTuple):
    """A transfer that is not sent yet, in fen; `rest_fen`: what it pays of other merchants than the
    one that is asked for.
    """

    transfer_id: int
    settlement: int
    amount_fen: int
    rest_fen: int


def drop_of_merchant(
    session: Session, programme_id: int, merchant_id: int, reason: str
) -> list[int]:
    """Drop what is planned for a merchant and not sent; gives the settlements concerned. What a
    transfer to a platform pays of other merchants is paid by a smaller one in its place.
    """
    asked = {"programme_id": programme_id, "merchant_id": merchant_id}
    planned = typed.rows(session.db, Planned, OF_MERCHANT, asked)
    for each in planned:
        _drop_part(session, each, merchant_id, reason)
    return sorted({each.settlement for each in planned})


def drop_of_payee(session: Session, programme_id: int, payee_id: int, reason: str) -> list[int]:
    """Drop all that is planned to be paid to an account and not sent; gives the settlements
    concerned.
    """
    planned = typed.tuples(session.db, OF_PAYEE, (payee_id, programme_id))
    for transfer_id, _ in planned:
        session.db.execute(DROP_ONE, (reason, session.now, transfer_id))
        session.db.execute(FREE_ONE, (transfer_id,))
    return sorted({settlement for _, settlement in planned})


def _drop_part(session: Session, of: Planned, merchant_id: int, reason: str) -> None:
    """Where a merchant owes, the transfer would grow without it: then all of it stands open."""
    db = session.db
    others = typed.column(db, OTHER_DUES, (of.transfer_id, merchant_id))
    db.execute(DROP_ONE, (reason, session.now, of.transfer_id))
    db.execute(FREE_ONE, (of.transfer_id,))
    if 0 < of.rest_fen < of.amount_fen:
        rehearsed = "R" if session.is_rehearsal else ""
        smaller = typed.number(db, REPLACE, (rehearsed, of.rest_fen, of.transfer_id))
        db.execute(TAKE_THESE, (smaller, str(others)))


def free(db: sqlite3.Connection, settlement: int) -> None:
    """What came back stands open again; what each transfer was to pay is kept."""
    db.execute(CAME_BACK, (settlement,))
    db.execute(FREE, (settlement,))


def close_explained(db: sqlite3.Connection, programme_id: int) -> list[int]:
    """Close the settlements of which nothing that came back is owed any more; gives them."""
    return sorted(typed.column(db, CLOSE, (programme_id,)))


def states(db: sqlite3.Connection, settlement: int) -> list[str]:
    """The states that its transfers have."""
    return typed.column(db, STATES, (settlement,))


def amount_fen(db: sqlite3.Connection, settlement: int) -> int:
    """What it comes to without what was dropped."""
    return typed.number(db, AMOUNT, (settlement,))


def to_send(db: sqlite3.Connection, settlement: int) -> list[ToSend]:
    """What goes into the bank's file, in order."""
    return typed.rows(db, ToSend, TO_SEND, (settlement,))


def post_paid(
    db: sqlite3.Connection, transfer_ids: Sequence[int], why: str, at: int, *, is_back: bool = False
) -> None:
    """Post what transfers paid, from payable to paid; of what came back the other way."""
    accounts = ("paid", "payable") if is_back else ("payable", "paid")
    for part in typed.tuples(db, PAID_PARTS, (str([*transfer_ids]),)):
        _post(db, part, accounts, why, at)


def post_held(db: sqlite3.Connection, programme_id: int, why: str, at: int) -> int:
    """Post what is held by now and was not, and the other way round; gives how much more is held,
    in fen.
    """
    parts = typed.tuples(db, HELD_PARTS, {"programme_id": programme_id})
    for part in parts:
        _post(db, part, ("payable", "held"), why, at)
    return sum(fen for _, _, fen in parts)


def _post(
    db: sqlite3.Connection, part: tuple[Any, ...], accounts: tuple[str, str], why: str, at: int
) -> None:
    funder_id, round_id, fen = part
    giver, taker = accounts if fen > 0 else accounts[::-1]
    ledger.post(db, funder_id, round_id, giver, taker, abs(fen), why, at)
