"""What the results of a sample that was drawn by money say of all the money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.amounts import percent
from vouchercli.result import say
from vouchercli.rules import money as amounts
from vouchercli.rules import money_samples as law
from vouchercli.rules.samples import WHOLE, tolerable
from vouchercli.store import samples as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.result import Message
    from vouchercli.rules.money_samples import Cut, Said
    from vouchercli.store.samples import Sample


def judge(db: sqlite3.Connection, sample: Sample) -> tuple[dict[str, Any], tuple[Message, ...]]:
    """What they say, when every item has one."""
    certain: list[tuple[int, int]] = []
    drawn: list[tuple[int, int]] = []
    for each in store.items(db, sample.sample).rows(None):
        rows = certain if each.ticket == law.CERTAIN else drawn
        rows.append((each.amount_fen, each.right_fen or 0))
    rest = sample.population_fen - sum(paid for paid, _ in certain)
    of = law.Cut(len(certain), 0, 0, rest, len(drawn))
    said = law.evaluate(certain, drawn, of, sample.confidence_bp)
    is_kept = said.upper_fen <= tolerable(sample.population_fen, sample.margin_bp)
    judged = {
        "wrong": sample.wrong,
        "is_kept": is_kept,
        "over_paid_fen": said.estimate_fen,
        "over_paid_most_fen": said.upper_fen,
        "under_paid_found_fen": said.under_fen,
        "certain": of.certain,
        "interval_fen": of.interval_fen,
        "taintings": [f"{each:.4f}" for each in said.taintings],
    }
    return judged, tuple(_say(sample, of, said, is_kept=is_kept))


def _say(sample: Sample, of: Cut, said: Said, *, is_kept: bool) -> Iterator[Message]:
    confidence, margin = percent(sample.confidence_bp), percent(sample.margin_bp)
    yield say(
        "{wrong} of {size} are wrong; of all {population} yuan at most {upper} were paid too much"
        " ({share} %), with a confidence of {confidence} % (bound of Stringer)",
        wrong=sample.wrong,
        size=sample.size,
        population=amounts.grouped(sample.population_fen),
        upper=amounts.grouped(said.upper_fen),
        share=f"{-(-said.upper_fen * WHOLE // sample.population_fen) / 100:.2f}",
        confidence=confidence,
    )
    yield say(
        "paid too much, as the items say: about {amount} yuan: each part that is wrong, by the"
        " interval of {interval} yuan, and what was found at {certain:,} items that were all"
        " looked at",
        amount=amounts.grouped(said.estimate_fen),
        interval=amounts.grouped(of.interval_fen),
        certain=of.certain,
    )
    if is_kept:
        yield say("the margin of {margin} % of the money is kept", margin=margin)
    else:
        yield say(
            "this does not show that the margin of {margin} % of the money is kept: draw more, or"
            " look at all",
            margin=margin,
        )
    if said.under_fen:
        yield say(
            "paid too little at these items: {amount} yuan; the bound does not take it off",
            amount=amounts.grouped(said.under_fen),
        )
