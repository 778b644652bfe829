"""The statement (对账单) of a merchant: what was redeemed, settled, paid and held, what it owes,
and how to object; opening and closing balance add up to the fen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.ops.settlements.lookup import TRANSFER_WORDS
from vouchercli.ops.settlements.tables import WHY_WORDS
from vouchercli.ops.setup.merchants import the_merchant
from vouchercli.result import SHOWN, Column, Message, Outcome, Table, Word, only, say
from vouchercli.rules import money, times
from vouchercli.rules import settlements as law
from vouchercli.store import programmes
from vouchercli.store import statements as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from vouchercli.rules.values import Name
    from vouchercli.session import Session
    from vouchercli.store.statements import Period, Settled, Statement

HEAD = (
    Column("merchant_no", "Merchant"),
    Column("name", "Name", blank="-"),
    Column("account_name", "Account name", blank="-"),
    Column("account", "Account number", blank="-"),
    Column("bank", "Bank", blank="-"),
    *only(SHOWN, Column("programme", "Programme"), Column("programme_name", "Programme's name")),
    Column("since", "From", "date"),
    Column("until", "Until", "date"),
    Column("as_of", "As of", "date"),
)
BALANCES = (
    Column("funder", "Funder"),
    Column("opening_fen", "Opening balance", "fen"),
    Column("booked_fen", "Redeemed", "fen"),
    Column("paid_fen", "Paid out", "fen"),
    Column("repaid_fen", "Paid back", "fen", optional=True),
    Column("written_off_fen", "Given up", "fen", optional=True),
    Column("closing_fen", "Closing balance", "fen"),
)
REDEEMED = (
    Column("round", "Round"),
    Column("booked_on", "Booked on", "date"),
    Column("payments", "Redemptions", "int"),
    Column("refunds", "Refunds", "int"),
    Column("base_fen", "Base", "fen"),
)
SETTLED = (
    Column("settlement", "Settlement", "int"),
    Column("transfer_no", "Transfer"),
    Column("funder", "Funder"),
    Column("payee_no", "Payee"),
    Column("amount_fen", "Amount", "fen"),
    Column("state", "State", "word", shown="state_word"),
    Column("paid_on", "Paid on", "date"),
    Column("reference", "Bank's reference", blank="-"),
    Column("reason", "Reason", blank="-", shown="reason_word"),
)
OPEN = (
    Column("funder", "Funder"),
    Column("amount_fen", "Owed", "fen"),
    Column("reason", "Not paid because", "word", shown="reason_word"),
    Column("since_on", "Since", "date"),
    Column("days", "Days", "int"),
)
CREDITS = (
    Column("funder", "Funder"),
    Column("kind", "Kind", "word", shown="kind_word"),
    Column("amount_fen", "Amount", "fen"),
    Column("on", "Date", "date"),
)
DEBTS = (
    Column("funder", "Funder"),
    Column("amount_fen", "Owes", "fen"),
    Column("since_on", "Since", "date"),
    Column("days", "Days", "int"),
)
DAY_OPEN = "day_not_settled"
OPEN_WORDS = {**WHY_WORDS, DAY_OPEN: Word("day not settled yet")}
CREDIT_WORDS = {"repaid": Word("paid back"), "written_off": Word("written off")}
EVER = 19000101


class About(NamedTuple):
    """What all statements of a run have in common: their programme, funders (id -> code), days, and
    the day (yyyymmdd) on which they are drawn up.
    """

    programme: str
    name: Name
    issuer: Name
    zone: str
    funders: dict[int, str]
    period: Period
    today: int

    @property
    def is_to_date(self) -> bool:
        """Whether the closing balance is what stands open now."""
        return self.period.until >= self.today


def about(session: Session, since: int | None, until: int | None) -> About:
    """Of the programme at hand; days are yyyymmdd (None: from the first on, up to today). Raises
    `empty_window`.
    """
    row = programmes.current(session.db, session.programme)
    programme = programmes.value(row)
    today = times.day_of(session.now, row["time_zone"])
    period = store.Period(row["programme_id"], since or EVER, until or today)
    if period.since > period.until:
        raise UsageFault("empty_window", "--since is later than --until", hint="swap the two times")
    return About(
        row["programme"],
        programme.name,
        programme.issuer,
        row["time_zone"],
        store.funders(session.db, row["programme_id"]),
        period,
        today,
    )


def show_statement(session: Session, number: str, since: int | None, until: int | None) -> Outcome:
    """The statement of a merchant. Raises `unknown_merchant`, `empty_window`."""
    with reading(session) as db:
        merchant_id = the_merchant(session, number).merchant_id
        common = about(session, since, until)
        return compose(common, store.of_one(db, common.period, merchant_id))


def has_anything(common: About, one: Statement) -> bool:
    """Whether there is anything to tell of the period."""
    return bool(
        one.redeemed
        or one.unpaid
        or any(each.opening_fen or each.closing_fen or each.paid_fen for each in one.balances)
        or [*filter(lambda each: _is_within(common, each), one.settled)]
    )


def compose(common: About, one: Statement) -> Outcome:
    """A statement as tables and sentences."""
    zone = common.zone
    redeemed = [_describe_redeemed(common, each) for each in one.redeemed]
    columns = (*REDEEMED, *(_of_funder(code) for code in common.funders.values()))
    settled = [_describe_settled(common, each) for each in one.settled if _is_within(common, each)]
    given = [
        {**each._asdict(), "funder": common.funders[each.funder_id]}
        | {"kind_word": CREDIT_WORDS[each.kind]}
        for each in one.credits
        if common.period.since <= each.on <= common.period.until
    ]
    balances = [
        {**each._asdict(), "funder": common.funders[each.funder_id]} for each in one.balances
    ]
    title = say("Statement of {merchant}", merchant=one.merchant.merchant_no)
    tables = (
        Table(title, HEAD, (_describe_head(common, one),), key="", is_record=True, zone=zone),
        Table(say("Balance"), BALANCES, balances, key="balances", zone=zone),
        Table(
            say("Redeemed"),
            columns,
            redeemed,
            _total(columns, redeemed),
            key="redeemed",
            total_key="redeemed_total",
            zone=zone,
            optional=True,
        ),
        Table(say("Settled"), SETTLED, settled, key="settled", zone=zone, optional=True),
        Table(say("Not paid yet"), OPEN, _open(common, one), key="open", zone=zone, optional=True),
        Table(say("Paid back or given up"), CREDITS, given, key="given", zone=zone, optional=True),
        Table(say("Debts"), DEBTS, _owed(common, one), key="debts", zone=zone, optional=True),
    )
    return Outcome({"programme": common.programme}, tables, says=(*_sentences(common, one),))


def _describe_head(common: About, one: Statement) -> dict[str, Any]:
    who, period = one.merchant, common.period
    return {
        **who._asdict(),
        "programme": common.programme,
        "programme_name": _both(common.name),
        "since": None if period.since == EVER else period.since,
        "until": period.until,
        "as_of": common.today,
    }


def _of_funder(code: str) -> Column:
    return Column(f"funder_{code}_fen", code, "fen", verbatim=True)


def _describe_redeemed(common: About, each: store.Redeemed) -> dict[str, Any]:
    parts = {
        f"funder_{code}_fen": each.public_fen.get(funder_id, 0)
        for funder_id, code in common.funders.items()
    }
    return {**each._asdict(), **parts}


def _total(columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> dict[str, Any]:
    counted = [each.key for each in columns if each.kind in ("int", "fen")]
    return {"round": Word("total"), "booked_on": None} | {
        key: sum(row[key] for row in rows) for key in counted
    }


def _is_within(common: About, each: Settled) -> bool:
    """Whether a transfer belongs to the period: by the day of its payment, else that on which its
    settlement was made; what is on its way belongs to every period behind that.
    """
    made_on = times.day_of(each.made_at, common.zone)
    on = each.paid_on or made_on
    is_on_its_way = each.state in ("planned", "sent", "accepted")
    return on <= common.period.until and (on >= common.period.since or is_on_its_way)


def _describe_settled(common: About, each: Settled) -> dict[str, Any]:
    return {
        **each._asdict(),
        "funder": common.funders.get(each.funder_id, ""),
        "state_word": TRANSFER_WORDS[each.state],
        "reason_word": WHY_WORDS.get(each.reason, each.reason),
    }


def _open(common: About, one: Statement) -> list[dict[str, Any]]:
    """What is owed and not paid, and why; what the merchant owes itself is no part of its own."""
    rows = [
        {**each._asdict(), "days": law.days_between(each.since_on, common.today)}
        for each in one.unpaid
    ]
    rows += [
        {"funder": common.funders[funder_id], "amount_fen": fen, "reason": DAY_OPEN}
        for funder_id, fen in one.unsettled.items()
        if fen
    ]
    return [{**each, "reason_word": OPEN_WORDS[each["reason"]]} for each in rows]


def _owed(common: About, one: Statement) -> list[dict[str, Any]]:
    return [
        {**each._asdict(), "days": law.days_between(each.since_on, common.today)}
        for each in one.debts
    ]


def _sentences(common: About, one: Statement) -> list[Message]:
    said = [
        say(
            "{merchant} owes {funder} {amount} yuan since {since}: please pay it back; it is"
            " taken off the next payment otherwise",
            merchant=one.merchant.merchant_no,
            funder=each.funder,
            amount=money.grouped(each.amount_fen),
            since=times.day_text(each.since_on),
        )
        for each in one.debts
    ]
    said.append(
        say("closing balance = opening balance + redeemed - paid out + paid back + given up")
    )
    if common.is_to_date:
        said.append(say("what is not paid yet adds up to the closing balance"))
    said.append(
        say(
            "does something not agree? Tell {issuer} the merchant's number, the day and the number"
            " of the payment: it is held as disputed, and looked at by a second person",
            issuer=_both(common.issuer) or Word("the bureau"),
        )
    )
    return said


def _both(name: Name) -> str:
    return name.zh if name.zh == name.en else f"{name.zh} {name.en}"
