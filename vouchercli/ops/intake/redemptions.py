"""Redemptions: files of payments and refunds come in, and are listed. One order is looked at in
`ops.intake.till`.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs.fields import DETAILS, FIELDS
from vouchercli.ops import lists
from vouchercli.ops.intake import by_columns, claims, late_payments, splits, sql_functions
from vouchercli.ops.intake.importing import importer
from vouchercli.ops.intake.kinds import Intake, Kind, Typed, Unfit
from vouchercli.ops.intake.retries import settle
from vouchercli.ops.intake.staging import as_json, bad_time
from vouchercli.ops.setup.merchants import number_of
from vouchercli.result import JSON, Column, Outcome, Table, only, say
from vouchercli.rules import details, money, times
from vouchercli.store import (
    details as kept,
)
from vouchercli.store import (
    displaced,
    judging,
    merchants,
    redemptions,
    reopening,
    totals,
    transaction_numbers,
    use_limits,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vouchercli.ops.intake.kinds import Chunk
    from vouchercli.session import Session
    from vouchercli.store.duplicates import Stay
    from vouchercli.store.reopening import Moved
    from vouchercli.store.use_limits import UseLimits

COMMA = re.compile(r"[+-]?\d{1,12}(?:\.\d{3})*,\d\d?")
DECIMAL_COMMA = 'a comma stands before the decimals: say it in a profile, decimal: ","'
KINDS = ("pay", "refund")
CHANNELS = ("", "offline", "online")
MOST_COUPONS = 999
WIDEST_COUPON = 20  # digits, zeros before it among them
TYPED = len(FIELDS["redemptions"]) - len(DETAILS)
NEEDED = ("transaction_no", "claim_no", "coupon_no", "merchant_no", "paid_at", "refund_of")

parse_yuan = lru_cache(1 << 14)(money.parse_yuan)  # the same few amounts come millions of times


def _typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """Cleaned texts -> (transaction_no, kind, claim_no, coupon_no, merchant_no, platform_no,
    paid_at, day, base_fen, merchant_discount_fen, subsidy_fen or None when the profile has no such
    column, refund_of, channel, details as JSON).
    """
    clock = times.Reader(intake.zone)
    says_subsidy = intake.reading.has("subsidy")
    read_details = _reader_of_details(intake)

    def type_row(values: tuple[str, ...]) -> Typed:
        if fault := _find_misfit(values):
            return fault
        *head, paid_at, order, discount, subsidy, refund_of, channel = values[:TYPED]
        amounts = _read_amounts(order, discount or "0", subsidy if says_subsidy else "0")
        if isinstance(amounts, Unfit):
            return amounts
        try:
            at, day = clock.read(paid_at)
        except ValueError as error:
            return bad_time("paid_at", paid_at, error)
        said = read_details(values) if values[1] == "pay" else None
        if isinstance(said, Unfit):
            return said
        list_fen, discount_fen, subsidy_fen = amounts
        number, kind, claim_no, coupon_no, merchant_no, platform_no = head
        return (
            number,
            kind,
            claim_no,
            int(coupon_no),
            merchant_no,
            platform_no,
            at,
            day,
            list_fen - discount_fen,
            discount_fen,
            subsidy_fen if says_subsidy else None,
            refund_of,
            channel,
            said,
        )

    return type_row


def _find_misfit(values: tuple[str, ...]) -> Unfit | None:
    """What is missing or not a word of ours in the row's texts."""
    number, kind, claim_no, coupon_no, merchant_no, platform_no, paid_at, *_, refund_of, channel = (
        values[:TYPED]
    )
    merchant, refunded = merchant_no or platform_no, refund_of or kind != "refund"
    if not (number and claim_no and coupon_no and merchant and paid_at and refunded):
        given = zip(
            NEEDED, (number, claim_no, coupon_no, merchant, paid_at, refund_of), strict=True
        )
        return Unfit("bad_row", {"column": next(column for column, value in given if not value)})
    is_number = coupon_no.isascii() and coupon_no.isdigit() and len(coupon_no) <= WIDEST_COUPON
    if kind not in KINDS:
        return _unfit("kind", kind, "write pay or refund")
    if channel not in CHANNELS:
        return _unfit("channel", channel, "write offline or online")
    if not (is_number and 1 <= int(coupon_no) <= MOST_COUPONS):
        return _unfit("coupon_no", coupon_no, "count the pack's coupons from 1")
    return None


def _reader_of_details(intake: Intake) -> Callable[[tuple[str, ...]], str | Unfit | None]:
    """What makes of a row's texts the details that a template of the programme asks for, as JSON;
    None where it says none of them.
    """
    asked = kept.asked(intake.db, intake.programme_id)
    places = [
        (name, place)
        for place, name in enumerate(FIELDS["redemptions"])
        if name in asked and intake.reading.has(name)
    ]

    def read(values: tuple[str, ...]) -> str | Unfit | None:
        try:
            said = details.read({name: values[place] for name, place in places})
        except details.DetailError as error:
            return _unfit(error.name, error.text, error.problem)
        return as_json(said) if said else None

    return read if places else lambda _: None


def _unfit(column: str, value: str, problem: str, code: str = "bad_row") -> Unfit:
    return Unfit(code, {"column": column, "value": value, "problem": problem})


def _read_amounts(order: str, discount: str, subsidy: str) -> tuple[int, int, int] | Unfit:
    """(order, discount, subsidy) in fen: none negative, an order above nothing, a discount within
    it.
    """
    fen = []
    for column, text in (
        ("order_amount", order),
        ("merchant_discount", discount),
        ("subsidy", subsidy),
    ):
        try:
            fen.append(parse_yuan(text))
        except ValueError:
            if COMMA.fullmatch(text):
                return _unfit(column, text, DECIMAL_COMMA, "bad_amount")
            return Unfit("bad_amount", {"column": column, "value": text})
        if fen[-1] < 0:
            return _unfit(column, text, "a negative amount", "bad_amount")
    if fen[0] == 0:
        return _unfit("order_amount", order, "the order amount must be more than 0", "bad_amount")
    if fen[1] > fen[0]:
        return _unfit("merchant_discount", discount, "more than the order", "bad_amount")
    return fen[0], fen[1], fen[2]


def payment(
    claim_no: str,
    coupon_no: int,
    merchant_no: str,
    at: int,
    zone: str,
    fen: tuple[int, int],
    channel: str,
    said: Mapping[str, str],
) -> tuple[Any, ...]:
    """One payment as typed columns, for a look ahead: no number of its own yet, the subsidy as the
    rules give it; `said`: of the goods (`rules.details`).
    """
    day, base_fen = times.day_of(at, zone), fen[0] - fen[1]
    return (
        "",
        "pay",
        claim_no,
        coupon_no,
        merchant_no,
        merchant_no,
        at,
        day,
        base_fen,
        fen[1],
        None,
        "",
        channel,
        as_json(said) if said else None,
    )


# ---------------------------------------------------------------- judged and accepted


# What another payment or refund can lift.
WAITING = (
    "funds_released",
    "conflicting_row",
    "already_redeemed",
    "over_limit",
    "over_use_limit",
    "serial_used",
    "class_used",
    "transaction_reused",
    "refund_without_payment",
    "refund_too_large",
    "full_refund",
    "late_refund",
    "partial_refund",
    "subsidy_mismatch",
    "displaces_sealed",
)


def _judge(intake: Intake) -> None:
    programme_id = intake.programme_id
    if intake.is_whole:
        reopening.find_numbers(intake.db)
    else:
        transaction_numbers.expect_none(intake.db)
    sql_functions.teach(intake.db, programme_id, intake.zone)
    merchants.add_unregistered(
        intake.db,
        intake.batch_id,
        judging.unregistered(intake.db, programme_id),
        intake.session.now,
    )
    asked = (programme_id, intake.rules.refunds, _limits(intake), intake.latest_at)
    judging.judge(intake.db, *asked)
    at_hand, parts = late_payments.at_hand(intake), splits.splitter(intake)
    while late_payments.cover_payments(intake, parts, at_hand):
        judging.judge_again(intake.db, *asked)
    displaced.name_payments(intake.db, programme_id)


def _limits(intake: Intake) -> UseLimits:
    return use_limits.of_programme(intake.db, intake.programme_id, intake.zone)


def _reopen(intake: Intake, only: int | None) -> None:
    limits = _limits(intake)
    reopening.reopen(
        intake.db,
        intake.programme_id,
        only,
        has_visits=limits.visits.is_set,
        has_uses=limits.by_resident,
        has_serials=limits.by_serial,
        says_subsidy=intake.reading.has("subsidy"),
    )


def _accept(intake: Intake) -> dict[str, Any]:
    redemptions.accept(intake.db, splits.splitter(intake))
    if intake.is_whole:  # of a chunk it does not matter yet
        totals.drop_empty(intake.db)
    return {}


def _settle(intake: Intake) -> list[Moved]:
    totals.count(intake.db, intake.batch_id)  # where the import went on by rows, or was killed
    return settle(intake)


def _by_columns(intake: Intake, done_line: int) -> Iterator[Chunk] | None:
    if not by_columns.goes_by_columns(intake) or _limits(intake).caps:
        return None  # limits of use are judged row by row
    # everyday files never wait for the libraries behind it
    from vouchercli.ops.intake.by_columns import ledger

    return ledger.chunks(intake, done_line)


def _undo(session: Session, batch_id: int) -> list[Stay]:
    stay = redemptions.undo(session.db, batch_id)
    merchants.forget_unregistered(session.db, batch_id)
    return stay


KIND = Kind(
    name="redemptions",
    needs_programme=True,
    create=judging.CREATE_INCOMING,
    add=judging.ADD_INCOMING,
    width=judging.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=_undo,
    settle=_settle,
    reopen=_reopen,
    moved=reopening.moved,
    waiting=WAITING,
    by_columns=_by_columns,
    first=claims.KIND,
)

import_redemptions = importer(KIND)


# ---------------------------------------------------------------- list

COLUMNS = (
    Column("transaction_no", "Transaction"),
    Column("kind", "Kind", "word"),
    Column("claim_no", "Claim"),
    Column("coupon_no", "No.", "int"),
    Column("coupon", "Coupon"),
    Column("round", "Round"),
    Column("merchant_no", "Merchant"),
    Column("paid_at", "Paid at", "time"),
    Column("base_fen", "Base", "fen"),
    Column("subsidy_fen", "Voucher paid", "fen"),
    Column("batch", "Batch", "int"),
    *lists.BOOKED_ON,
    Column("correction", "Corr.", "int", optional=True),
    *only(
        JSON,
        "name",
        "merchant_discount_fen",
        "public_fen",
        "platform_fen",
        "match_fen",
        "refund_of",
        "stays_fen",
    ),
)


def list_redemptions(
    session: Session, /, *, limit: int | None, without_sale: bool, **wanted: Any
) -> Outcome:
    """Payments and refunds, oldest first, by round, claim_no, merchant_no or transaction_no;
    `without_sale`: only refunds whose subsidy stays with the merchant. Raises `unknown_round`,
    `unknown_merchant`.
    """
    wanted["merchant_no"] = number_of(session, wanted["merchant_no"])
    table = Table(say("Payments and refunds"), COLUMNS, (), key="redemptions")
    listed = partial(redemptions.listed, without_sale=without_sale)
    return lists.of_programme(session, table, listed, limit=limit, **wanted)
