"""Samples to look at: which there are, what was drawn, and what the results say of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops import lists
from vouchercli.ops.amounts import percent
from vouchercli.ops.auditing import money_results
from vouchercli.ops.risk import recall
from vouchercli.result import DATA, JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import money as amounts
from vouchercli.rules import samples as law
from vouchercli.store import programmes
from vouchercli.store import samples as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.samples import Item, Sample

WHAT_WORDS = {
    "redemptions": Word("payments with a voucher"),
    "claims": Word("claims"),
    "transfers": Word("payments to payees"),
    "merchants": Word("merchants"),
}
FAULT_WORDS = {
    "": Word("in order"),
    "not_found": Word("not found"),
    "amount_wrong": Word("amount wrong"),
    "twice": Word("twice"),
    "not_entitled": Word("not entitled"),
    "document_missing": Word("document missing"),
    "brushing": Word("brushing: sales that were none"),
    "cash_out": Word("vouchers turned into cash"),
    "other": Word("other"),
}
SAMPLES = (
    Column("sample", "No.", "int"),
    Column("what", "Drawn from", "word", shown="what_word"),
    Column("last_day", "Up to", "date"),
    Column("confidence", "Confidence", "rate"),
    Column("margin", "Margin", "rate"),
    Column("population", "Population", "int"),
    Column("size", "Drawn", "int"),
    Column("allowed", "May be wrong", "int"),
    Column("known", "Results", "int"),
    Column("wrong", "Wrong", "int"),
    Column("drawn_by", "Drawn by"),
    Column("drawn_at", "Drawn at", "time"),
    Column("first_day", kind="date", where=JSON),
    Column("expected", kind="rate", where=JSON),
    Column("population_fen", kind="fen", where=JSON),
    *only(JSON, "population_sha256", "seed", "items_sha256", "method"),
)
ITEMS = (
    Column("item", "No.", "int"),
    Column("number", "Number"),
    Column("amount_fen", "amount", "fen"),
    Column("fault", "Result", "word", shown="fault_word"),
    Column("right_fen", "Right amount", "fen"),
    Column("note", "Note"),
    Column("entered_by", "Entered by"),
    Column("entered_at", "Entered at", "time", where=DATA),
    *only(DATA, "ticket"),
)


def list_samples(session: Session, limit: int | None) -> Outcome:
    """The samples of the programme, the newest first."""
    row = programmes.current(session.db, session.programme)
    title = say("Samples of {programme}", programme=row["programme"])
    table = Table(title, SAMPLES, (), key="samples", zone=row["time_zone"], optional=True)
    outcome = lists.show(table, store.listed(session.db, row["programme_id"]), limit, _describe)
    if outcome.tables[0].rows:
        return outcome
    none = say("no sample was drawn; next: voucher audit sample --margin 5 --actor NAME")
    return Outcome(tables=outcome.tables, says=(none,), left=outcome.left)


def show_sample(session: Session, number: int, limit: int | None) -> Outcome:
    """One sample: its terms, what was drawn, and what the results say. Raises
    `unknown_sample`.
    """
    row = programmes.current(session.db, session.programme)
    sample = the_sample(session.db, row, number)
    title = say("Sample {sample}", sample=number)
    about = Table(
        title, SAMPLES, [_describe(sample)], key="", is_record=True, zone=row["time_zone"]
    )
    items = Table(say("Items"), ITEMS, (), key="items", zone=row["time_zone"])
    listed = lists.show(items, store.items(session.db, number), limit, _describe_item)
    judged, says = judge(session.db, sample)
    return Outcome({"judged": judged}, (about, *listed.tables), says, left=listed.left)


def the_sample(db: sqlite3.Connection, row: sqlite3.Row, number: int) -> Sample:
    """The sample of that number. Raises `unknown_sample`."""
    found = store.named(db, row["programme_id"], number)
    if found is None:
        raise VoucherError(
            "unknown_sample",
            "programme {programme} has no sample {sample}",
            hint="voucher audit samples",
            programme=row["programme"],
            sample=number,
        )
    return found


def _describe(each: Sample) -> dict[str, Any]:
    return {
        **each._asdict(),
        "what_word": WHAT_WORDS[each.what],
        "method": each.method,
        "confidence": _rate(each.confidence_bp),
        "margin": _rate(each.margin_bp),
        "expected": _rate(each.expected_bp),
    }


def _describe_item(each: Item) -> dict[str, Any]:
    word = None if each.fault is None else FAULT_WORDS[each.fault]
    return {**each._asdict(), "fault_word": word}


def _rate(points: int) -> str:
    return f"{points / law.WHOLE:.4f}"


def _share(count: int, of: int) -> str:
    """A share in per cent, rounded up: it bounds from above."""
    return f"{-(-count * law.WHOLE // of) / 100:.2f}"


# ---------------------------------------------------------------- what the results say


def judge(
    db: sqlite3.Connection, sample: Sample
) -> tuple[dict[str, Any] | None, tuple[Message, ...]]:
    """What the results say of all; nothing of all while some are missing."""
    if sample.known < sample.size:
        missing = say(
            "{count} of {size} items have no result yet: nothing is said of the whole",
            count=sample.size - sample.known,
            size=sample.size,
        )
        return None, (missing,)
    if sample.is_by_money:
        return money_results.judge(db, sample)
    found = law.limits(sample.wrong, sample.size, sample.population, sample.confidence_bp)
    is_kept = found.upper <= law.tolerable(sample.population, sample.margin_bp)
    paid = [
        (each.amount_fen, each.right_fen or 0) for each in store.items(db, sample.sample).rows(None)
    ]
    money = law.money(paid, sample.population, sample.population_fen, sample.confidence_bp)
    judged = {
        "wrong": sample.wrong,
        "upper": found.upper,
        "low": found.low,
        "high": found.high,
        "is_kept": is_kept,
        "over_paid_most_fen": found.upper * sample.largest_fen,
        "over_paid_fen": None if money is None else money.estimate_fen,
        "over_paid_low_fen": None if money is None else money.low_fen,
        "over_paid_high_fen": None if money is None else money.high_fen,
    }
    says = tuple(_say(sample, found, money, is_kept=is_kept))
    if sample.what != "merchants":
        return judged, says
    more, told = _judge_merchants(db, sample, found, money)
    return judged | more, (*says, *told)


def _judge_merchants(
    db: sqlite3.Connection, sample: Sample, found: law.Limits, money: law.Money | None
) -> tuple[dict[str, Any], tuple[Message, ...]]:
    """What share of the money is wrong, and what the rules miss."""
    of = sample.population_fen
    if money is not None and money.low_fen is not None and money.high_fen is not None:
        least, most = max(money.low_fen, 0), min(money.high_fen, of)
        bounds = law.Bounds(money.estimate_fen / of, least / of, most / of)
    else:
        bounds = _sure_bounds(db, sample, found, money)
    programme_id = store.programme_of(db, sample.sample)
    known = recall.of_sample(db, programme_id, sample)
    names = ("wrong_share", "wrong_share_low", "wrong_share_high")
    shares = {name: f"{value:.4f}" for name, value in zip(names, bounds, strict=True)}
    message = say(
        "wrong money: about {share} % of what these merchants were paid, between {low} and {high}",
        **recall.in_percent(bounds),
    )
    data = {**shares, "rules": None if known is None else known.document}
    return data, (message, *recall.tell(known))


def _sure_bounds(
    db: sqlite3.Connection, sample: Sample, found: law.Limits, money: law.Money | None
) -> law.Bounds:
    """Of few wrong ones the bounds that hold whatever the amounts are."""
    items = [*store.items(db, sample.sample).rows(None)]
    over = sum(each.amount_fen - (each.right_fen or 0) for each in items)
    drawn = {each.number for each in items}
    unseen = (fen for number, fen in store.merchants_of(db, sample) if number not in drawn)
    sure = law.sure_money(over, sample.wrong, found.high, unseen, sample.population_fen)
    return (
        sure if money is None else sure._replace(share=money.estimate_fen / sample.population_fen)
    )


def _say(
    sample: Sample, found: law.Limits, money: law.Money | None, *, is_kept: bool
) -> Iterator[Message]:
    of = sample.population
    told = {"confidence": percent(sample.confidence_bp), "margin": percent(sample.margin_bp)}
    yield say(
        "{wrong} of {size} are wrong; of all {population:,} at most {upper:,} are ({share} %), with"
        " a confidence of {confidence} %; between {low:,} and {high:,} on both sides",
        wrong=sample.wrong,
        size=sample.size,
        population=of,
        upper=found.upper,
        share=_share(found.upper, of),
        low=found.low,
        high=found.high,
        confidence=told["confidence"],
    )
    if is_kept:
        yield say(
            "the margin of {margin} % is kept: if more were wrong, so few would be found in less"
            " than {risk} of 100 such samples",
            margin=told["margin"],
            risk=percent(law.WHOLE - sample.confidence_bp),
        )
    else:
        yield say(
            "this does not show that the margin of {margin} % is kept: the share may be smaller or"
            " larger; draw more, or look at all",
            margin=told["margin"],
        )
    if money is not None:
        yield _say_money(money)
    yield say(
        "paid too much, at the very most: {amount} yuan, if each of the {upper:,} were the largest"
        " and wholly wrong",
        amount=amounts.grouped(found.upper * sample.largest_fen),
        upper=found.upper,
    )


def _say_money(money: law.Money) -> Message:
    if money.low_fen is None or money.high_fen is None:
        return say(
            "paid too much, by the ratio of the items: about {amount} yuan; fewer than {few} items"
            " are wrong: an interval would deceive, none is given",
            amount=amounts.grouped(money.estimate_fen),
            few=law.FEW_WRONG,
        )
    return say(
        "paid too much, by the ratio of the items: about {amount} yuan, between {low} and {high}",
        amount=amounts.grouped(money.estimate_fen),
        low=amounts.grouped(money.low_fen),
        high=amounts.grouped(money.high_fen),
    )
