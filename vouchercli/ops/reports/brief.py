"""report brief (专报): one page of sentences, each made of figures in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import brief_baselines, cautions
from vouchercli.ops.reports.dimensions import key_columns
from vouchercli.ops.reports.figures import funded, sums_by_key
from vouchercli.ops.reports.phrases import lasting, percent, yuan
from vouchercli.ops.reports.rounds import rows_of
from vouchercli.ops.reports.scope import Scope, go_back, note_later, scope_of
from vouchercli.ops.reports.spans import moment
from vouchercli.result import Column, Message, Outcome, Table, say
from vouchercli.rules import concentration, leverage, times
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.ops.reports.baselines import Compared
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session

TEXT = (Column("text", "", "sentence"),)
IN_WORDS_FROM = 120  # seconds


class Facts(NamedTuple):
    """What the sentences are made of."""

    scope: Scope
    rounds: list[dict[str, Any]]
    total: Sums
    paid: list[int]  # to each merchant with a payment that stands, in fen
    registered: int
    cuts: dict[str, dict[str, Sums]]
    shares: dict[str, int]  # of public funders, in fen
    series: list[Compared]  # of everything together, then by industry


def report_brief(
    session: Session, *, only: Sequence[str] = (), as_of: int | None = None
) -> Outcome:
    """A round, some rounds or a whole programme in sentences, as of a moment (UTC seconds; None:
    all that is known). Raises as `scope_of`.
    """
    with reading(session):
        facts = _gather(session, only, as_of)
        later = note_later(session, facts.scope)
    sections = {
        "issue": (say("What was issued"), [*_issue(facts)]),
        "use": (say("What was used"), [*_use(facts)]),
        "effect": (say("What it drove"), [*_drove(facts)]),
        "merchants": (say("Where it went"), [*_went(facts)]),
        "money": (say("Money"), [*_money(facts)]),
        "baselines": (say("Beside the year before"), [*brief_baselines.sentences(facts.series)]),
        "caution": (say("What to know"), [*_caution(facts)]),
    }
    shown = [
        Table(title, TEXT, [{"text": each} for each in said], key=f"sections.{key}")
        for key, (title, said) in sections.items()
        if said
    ]
    head = Table(_title(facts.scope), TEXT, [{"text": _about(facts)}], key="sections.about")
    data = {**facts.scope.about(), "rounds": facts.scope.codes()}
    return Outcome(data, (head, *shown), later)


def _gather(session: Session, only: Sequence[str], as_of: int | None) -> Facts:
    db, scope = session.db, scope_of(session, only, None, as_of)
    if as_of is not None:
        scope = go_back(session, scope, as_of)
    public = store.public_funders(db, scope.programme["programme_id"])
    shares = dict.fromkeys(public, 0)
    for _, funder, fen in funded(session, ("round",), scope):
        shares[funder] += fen
    by_round = sums_by_key(session, "round", scope)
    return Facts(
        scope,
        rows_of(session, scope),
        leverage.pooled(by_round.values()),
        store.paid_to_merchants(db, list(scope.rounds), scope.months, scope.zone),
        store.registered(db),
        {by: sums_by_key(session, by, scope) for by in ("industry", "district")},
        shares,
        brief_baselines.of_brief(session, scope),
    )


def _title(scope: Scope) -> Message:
    return say("Brief on {programme}", programme=scope.programme["programme"])


def _about(facts: Facts) -> Message:
    scope = facts.scope
    at = scope.now if scope.as_of is None else scope.as_of
    return say(
        "{rounds}; all that is known up to {at}.",
        rounds=", ".join(scope.codes()) or "–",
        at=moment(at, scope.zone),
    )


# ---------------------------------------------------------------- sentences


def _sum(rows: list[dict[str, Any]], key: str) -> int:
    return sum(row[key] for row in rows)


def _issue(facts: Facts) -> Iterator[Message]:
    rows, zone = facts.rounds, facts.scope.zone
    if not rows:
        return
    packs, claimed = _sum(rows, "packs"), _sum(rows, "claimed")
    yield say(
        "{rounds} rounds from {first} on held {packs:,} packs worth {face} yuan; {claimed:,} were"
        " claimed ({rate}).",
        rounds=len(rows),
        first=times.shown(min(row["opens_at"] for row in rows), zone)[:10],
        packs=packs,
        face=yuan(_sum(rows, "quota_fen")),
        claimed=claimed,
        rate=percent(leverage.rate(claimed, packs)),
    )
    for row in rows:
        if row["sell_out_seconds"] is not None:
            yield _sold_out(row["round"], row["packs"], row["sell_out_seconds"])


def _sold_out(code: str, packs: int, seconds: int) -> Message:
    """How fast a round was gone: to the second, and in the unit that people name."""
    if seconds < IN_WORDS_FROM:
        return say(
            "{round}: the last of {packs:,} packs was claimed {seconds:,} seconds after the"
            " opening.",
            round=code,
            packs=packs,
            seconds=seconds,
        )
    return say(
        "{round}: the last of {packs:,} packs was claimed {lasting} after the opening ({seconds:,}"
        " seconds).",
        round=code,
        packs=packs,
        lasting=lasting(seconds),
        seconds=seconds,
    )


def _use(facts: Facts) -> Iterator[Message]:
    rows = facts.rounds
    vouchers, used = _sum(rows, "claimed_vouchers"), _sum(rows, "used_vouchers")
    if not vouchers:
        return
    yield say(
        "Of {claimed:,} vouchers {used:,} were used: {by_count} by count, {by_amount} by amount.",
        claimed=vouchers,
        used=used,
        by_count=percent(leverage.rate(used, vouchers)),
        by_amount=percent(leverage.rate(_sum(rows, "paid_fen"), _sum(rows, "claimed_face_fen"))),
    )
    outstanding, expired = _sum(rows, "outstanding_fen"), _sum(rows, "expired_fen")
    if outstanding or expired:
        yield say(
            "Vouchers of {outstanding} yuan can still be used; {expired} yuan expired unused.",
            outstanding=yuan(outstanding),
            expired=yuan(expired),
        )


def _drove(facts: Facts) -> Iterator[Message]:
    total = facts.total
    if total.gross is None:
        yield say("Nothing has been redeemed yet.")
        return
    yield say(
        "{subsidy} yuan of public money stand beside orders of {base} yuan: each public yuan stands"
        " beside {gross} yuan of orders (gross leverage). That is not new consumption.",
        subsidy=yuan(total.public_fen),
        base=yuan(total.base_fen),
        gross=total.gross,
    )
    yield say(
        "Consumers paid {own} yuan of it themselves, {own_spend} for each public yuan. By the"
        " vouchers' own thresholds gross leverage could not fall below {floor}.",
        own=yuan(total.own_fen),
        own_spend=total.own_spend,
        floor=total.floor,
    )


def _went(facts: Facts) -> Iterator[Message]:
    if not facts.paid:
        return
    amounts = concentration.ordered(facts.paid)
    yield say(
        "{merchants:,} merchants were paid with vouchers; the registry lists {registered:,}. The"
        " first 1 % of them got {first} of the subsidy.",
        merchants=len(facts.paid),
        registered=facts.registered,
        first=percent(concentration.share_of_first(amounts, 10)),
    )
    for by, text in (
        ("industry", "Most went to {name}: {amount} yuan, {share} of the subsidy."),
        ("district", "Of the districts {name} got most: {amount} yuan, {share} of the subsidy."),
    ):
        named = {key: sums for key, sums in facts.cuts[by].items() if key}
        if named:
            name = max(named, key=lambda key: (named[key].public_fen, key))
            amount = named[name].public_fen
            yield Message(
                text,
                {
                    "name": name,
                    "amount": yuan(amount),
                    "share": percent(leverage.rate(amount, facts.total.public_fen)),
                },
            )


def _money(facts: Facts) -> Iterator[Message]:
    total = facts.total
    for funder, amount in facts.shares.items():
        yield say(
            "{funder} paid {amount} yuan.",
            funder=funder,
            amount=yuan(amount),
        )
    if total.platform_fen or total.match_fen:
        yield say(
            "Platforms paid {platform} yuan, merchants gave {match} yuan.",
            platform=yuan(total.platform_fen),
            match=yuan(total.match_fen),
        )


def _caution(facts: Facts) -> Iterator[Message]:
    yield from _little(facts)
    if facts.total.stays_fen:
        yield say(
            "{amount} yuan of subsidy stay on orders that were refunded.",
            amount=yuan(facts.total.stays_fen),
        )
    breaches = sum(row["breaches"] or 0 for row in facts.rounds)
    if breaches:
        yield say("{count:,} claims were refused for breaking the rules of issue.", count=breaches)
    for each in facts.scope.unverified:
        yield say(
            "{rows:,} payments of {amount} yuan could not be checked for {key}: the files do not"
            " say it.",
            rows=each.rows,
            amount=yuan(each.paid_fen),
            key=each.key,
        )
    for clause in facts.scope.not_enforced:
        yield say("Declared, not judged here: {clause}.", clause=clause)


def _little(facts: Facts) -> Iterator[Message]:
    """Which of the figures say little."""
    used, key = facts.total.vouchers, key_columns(("round",))
    if 0 < used < leverage.FEW:
        yield say(
            "Only {count} vouchers were used: of fewer than {least} the ratios say little.",
            count=used,
            least=leverage.FEW,
        )
    if len(facts.paid) == 1:
        yield say("One merchant alone was paid: what it sold stands for no others.")
    yield from cautions.sentences((cautions.FEW_PACKS,), key, facts.rounds, cautions.NO_TOTAL)
    if facts.total.gross is not None:
        yield from cautions.percentages(facts.scope)
