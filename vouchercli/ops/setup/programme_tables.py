"""A programme as JSON and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.setup import limit_words
from vouchercli.result import JSON, SCREEN, SHOWN, Clauses, Column, Message, Table, Word, say
from vouchercli.rules import clauses, clocks, staff, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.rules.programmes import Programme


class Fund(NamedTuple):
    """A funder with its balances; None where no fund is watched."""

    funder: str
    kind: str
    amount_fen: int | None
    uncommitted_fen: int | None
    committed_fen: int | None
    returned_fen: int


# The programme line by line, as it is shown.
LINES = {
    "name": Word("name"),
    "name (en)": Word("name (en)"),
    "issuer": Word("issuer"),
    "issuer (en)": Word("issuer (en)"),
    "time_zone": Word("time zone"),
    "currency": Word("currency"),
    "packs_per_resident_per_round": Word("packs per resident and round"),
    "packs_per_resident_per_day": Word("packs per resident and day"),
    "packs_per_resident_per_week": Word("packs per resident and week"),
    "packs_per_resident_per_month": Word("packs per resident and month"),
    "packs_per_resident": Word("packs per resident in all"),
    "one_of": Word("one pack of each list"),
    "face_per_resident": Word("face per resident, yuan"),
    "next_claim": Word("next claim"),
    "again_after_expiry": Word("expired packs that do not count"),
    "vouchers_per_payment": Word("vouchers per payment"),
    "vouchers_per_merchant_per_day": Word("vouchers per resident, merchant and day"),
    "vouchers_per_resident": Word("vouchers used per resident"),
    "vouchers_per_merchant": Word("vouchers used per resident and merchant"),
    "subsidy_per_resident": Word("yuan used per resident"),
    "subsidy_per_merchant": Word("yuan per merchant"),
    "budget": Word("yuan of all together"),
    "across": Word("across"),
    "limits from": Word("limits from"),
    "refunds": Word("refunds"),
    "clock_ahead": Word("clocks of platforms ahead by at most"),
    "clock_jump": Word("jump of this clock at most"),
    "unused": Word("unused"),
    "unused_after_days": Word("unused money waits, days"),
    "makers": Word("makers"),
    "checkers": Word("checkers"),
    "finance": Word("finance"),
    "logins": Word("logins"),
    "source": Word("source"),
    "assumption": Word("assumption"),
    "not_enforced": Word("not enforced"),
    "loaded_at": Word("loaded at"),
}
REFUNDS = (
    Column("case", "refunded", "sentence"),
    Column("voucher", "the voucher", "sentence"),
    Column("money", "its money", "sentence"),
)
CASES = {
    "full": say("in full, while the voucher is valid"),
    "late": say("in full, later"),
    "partial": say("in part"),
}
REFUSED = {"refused": say("such a refund is refused")}
VOUCHER_ANSWERS = REFUSED | {
    "restores": say("is given back"),
    "restores_once": say("is given back once"),
    "forfeits": say("is forfeited"),
}
MONEY_ANSWERS = REFUSED | {
    "returns": say("goes back to the funders"),
    "pro_rata": say("goes back in proportion"),
    "stays": say("stays with the merchant"),
}
BANDS = (Column("up_to_fen", "amount up to", "fen"), Column("checkers", "checkers", "int"))
BANDS = (Column("up_to_fen", "amount up to", "fen"), Column("checkers", "checkers", "int"))
FUNDS = (
    Column("funder", "funder"),
    Column("kind", "kind", "word"),
    Column("amount_fen", "appropriated", "fen"),
    Column("uncommitted_fen", "uncommitted", "fen"),
    Column("committed_fen", "committed", "fen"),
    Column("returned_fen", "returned", "fen", optional=True),
)
DECLARED = (Column("what", "what"), Column("amount_fen", "amount", "fen"))
PUBLISHED = (
    Column("number", "no.", "int", where=SHOWN),
    Column("as_of", "as of", "word", where=SHOWN, source="minute"),
    Column("as_of", "", "time", where=JSON, source="as_of_at"),
    Column("rounds", "of rounds"),
    Column("issued_fen", "issued", "fen"),
    Column("subsidy_fen", "subsidy", "fen"),
    Column("base_fen", "base", "fen"),
    Column("gross", "gross", "ratio"),
    Column("own_spend", "own-spend", "ratio", source="own"),
    Column("lost_fen", "lost", "fen", optional=True),
    Column("days_to_payment", "days to payment", "int", optional=True),
    Column("what", where=JSON),
    Column("source", where=JSON),
)


def rules_data(programme: Programme) -> dict[str, Any]:
    """What the programme rules, as JSON; of its funders, and of what others said, there are
    tables.
    """
    calendar, limits = programme.calendar, programme.limits
    return {
        **vars(programme),
        "name": vars(programme.name),
        "issuer": vars(programme.issuer),
        "limits": limit_words.data(limits)
        | {"from_at": _optional(times.iso, limits.from_at, programme)},
        "refunds": programme.refunds.document,
        "clock": programme.clock.document,
        "risk": programme.risk.document if programme.risk else None,
        "staff": [
            {"name": person.name, "roles": list(person.roles), "login": person.login or None}
            for person in programme.staff
        ],
        "calendar": {
            "holidays": [*map(times.day_text, sorted(calendar.holidays))],
            "workdays": [*map(times.day_text, sorted(calendar.workdays))],
        },
        "approvals": [*map(vars, programme.approvals)],
    }


def _optional(
    written: Callable[[int, str], str], at: int | None, programme: Programme
) -> str | None:
    """A moment in the programme's zone, if there is one."""
    return None if at is None else written(at, programme.time_zone)


SAID = (Message, Clauses, list)  # what each language says in its own way


def rules_table(programme: Programme, loaded_at: int) -> Table:
    """The programme field by field."""
    facts = {
        **vars(programme),
        **vars(programme.limits),
        **limit_words.texts(programme.limits),
        "across": ", ".join(programme.limits.across),
        "limits from": _optional(times.shown, programme.limits.from_at, programme),
        "refunds": programme.refunds.preset,
        "clock_ahead": clocks.span_words(programme.clock.ahead) if programme.clock.ahead else None,
        "clock_jump": clocks.span_words(programme.clock.jump),
        "name": programme.name.zh,
        "name (en)": programme.name.en,
        "issuer": programme.issuer.zh,
        "issuer (en)": programme.issuer.en,
        "makers": staff.named(programme, "maker"),
        "checkers": staff.named(programme, "checker"),
        "finance": staff.named(programme, "finance"),
        "not_enforced": clauses.in_one_line(programme.not_enforced),
        "loaded_at": times.shown(loaded_at, programme.time_zone),
    }
    rows = tuple(
        {
            "field": words,
            "value": facts[key] if isinstance(facts[key], SAID) else str(facts[key]),
        }
        for key, words in LINES.items()
        if facts[key] not in ("", None, [])
    )
    return Table(
        say("Programme {programme}", programme=programme.programme),
        (Column("field", "field", "word"), Column("value", "value", "word")),
        rows,
        notes=tuple(limit_words.explained(programme.limits)),
    )


def refunds_table(programme: Programme) -> Table:
    """What becomes of voucher and money when an order is refunded, case by case."""
    policy = programme.refunds
    rows = tuple(
        {
            "case": text,
            "voucher": VOUCHER_ANSWERS[getattr(policy.voucher, case)],
            "money": MONEY_ANSWERS[getattr(policy.money, case)],
        }
        for case, text in CASES.items()
    )
    assumed = say(
        "Where the notice says nothing about the money, what {preset} says of it is an assumption.",
        preset=policy.preset,
    )
    return Table(
        say("Refunds"), REFUNDS, rows, notes=(assumed,) if policy.preset else (), where=SCREEN
    )


def bands_table(programme: Programme) -> Table:
    """How many checkers must approve what amount (JSON has it among the rules)."""
    rest = say("Without an amount: whatever is more.")
    bands = programme.approvals
    return Table(
        say("Checkers needed by amount"),
        BANDS,
        bands,
        notes=(rest,) if any(band.up_to_fen is None for band in bands[1:]) else (),
        where=SHOWN if bands else (),
    )


def funds_table(programme: Programme, funds: list[Fund]) -> Table:
    """Its funds and what is left of them."""
    unwatched = say("A funder without an amount pays what is spent: its fund has no limit.")
    return Table(
        say("Funds of {programme}", programme=programme.programme),
        FUNDS,
        funds,
        notes=(unwatched,) if any(fund.amount_fen is None for fund in funds) else (),
        key="funders",
        optional=True,
    )


def declared_table(programme: Programme) -> Table:
    """What others declared."""
    return Table(
        say("Declared by others"),
        DECLARED,
        tuple({"what": what, "amount_fen": fen} for what, fen in programme.declared),
        notes=(say("Declared amounts are shown and never added to a fund."),),
        key="declared",
        optional=True,
    )


def published_table(programme: Programme) -> Table:
    """The published figures as a table; the notes say what they are about and where they were
    published, because a line of 80 columns is too short for that.
    """
    numbered = [*enumerate(programme.published, start=1)]
    zone = programme.time_zone
    notes = tuple(
        say(
            "{number}: {what} ({source})",
            number=number,
            what=figures.what or "–",
            source=figures.source or "–",
        )
        for number, figures in numbered
    )
    rows = tuple(
        {
            **figures._asdict(),
            "number": number,
            "rounds": list(figures.rounds),
            "minute": (
                None if figures.as_of_at is None else times.shown_end(figures.as_of_at, zone)[:16]
            ),
        }
        for number, figures in numbered
    )
    return Table(
        say("Published by others"),
        PUBLISHED,
        rows,
        zone=zone,
        notes=(*notes, say("Published figures stand beside ours and are never mixed with them.")),
        key="published",
        optional=True,
    )
