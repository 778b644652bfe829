"""A programme as JSON and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Table, say
from vouchercli.rules import staff, times

if TYPE_CHECKING:
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.published import Published


def rules_data(programme: Programme) -> dict[str, Any]:
    """What the programme rules, as JSON."""
    limits = programme.limits
    return {
        "programme": programme.programme,
        "name": {"zh": programme.name.zh, "en": programme.name.en},
        "issuer": {"zh": programme.issuer.zh, "en": programme.issuer.en},
        "time_zone": programme.time_zone,
        "currency": programme.currency,
        "limits": {
            "packs_per_resident_per_round": limits.packs_per_resident_per_round,
            "packs_per_resident_per_week": limits.packs_per_resident_per_week,
            "packs_per_resident": limits.packs_per_resident,
            "vouchers_per_payment": limits.vouchers_per_payment,
            "vouchers_per_merchant_per_day": limits.vouchers_per_merchant_per_day,
        },
        "refunds": programme.refunds,
        "unused": programme.unused,
        "unused_after_days": programme.unused_after_days,
        "staff": [
            {"name": person.name, "roles": list(person.roles), "login": person.login or None}
            for person in programme.staff
        ],
        "logins": programme.logins,
        "calendar": {
            "holidays": _dates(programme.calendar.holidays),
            "workdays": _dates(programme.calendar.workdays),
        },
        "approvals": [
            {"up_to_fen": band.up_to_fen, "checkers": band.checkers} for band in programme.approvals
        ],
        "source": programme.source,
        "assumption": programme.assumption,
    }


def _dates(days: frozenset[int]) -> list[str]:
    return [times.day_text(day) for day in sorted(days)]


def published_data(figures: Published, zone: str) -> dict[str, Any]:
    """One published figure, as JSON."""
    return {
        "what": figures.what,
        "as_of": times.iso(figures.as_of_at, zone) if figures.as_of_at is not None else None,
        "rounds": list(figures.rounds),
        "issued_fen": figures.issued_fen,
        "subsidy_fen": figures.subsidy_fen,
        "base_fen": figures.base_fen,
        "gross": figures.gross,
        "own_spend": figures.own,
        "source": figures.source,
    }


def rules_table(programme: Programme, loaded_at: int) -> Table:
    """The programme field by field."""
    limits = programme.limits
    fields: dict[str, Any] = {
        "name": programme.name.zh,
        "name (en)": programme.name.en,
        "issuer": programme.issuer.zh,
        "issuer (en)": programme.issuer.en,
        "time_zone": programme.time_zone,
        "currency": programme.currency,
        "packs_per_resident_per_round": limits.packs_per_resident_per_round,
        "packs_per_resident_per_week": limits.packs_per_resident_per_week,
        "packs_per_resident": limits.packs_per_resident,
        "vouchers_per_payment": limits.vouchers_per_payment,
        "vouchers_per_merchant_per_day": limits.vouchers_per_merchant_per_day,
        "refunds": programme.refunds,
        "unused": programme.unused,
        "unused_after_days": programme.unused_after_days,
        "makers": staff.named(programme, "maker"),
        "checkers": staff.named(programme, "checker"),
        "finance": staff.named(programme, "finance"),
        "logins": programme.logins,
        "source": programme.source,
        "assumption": programme.assumption,
        "loaded_at": times.shown(loaded_at, programme.time_zone),
    }
    rows = tuple(
        {"field": key, "value": str(value)}
        for key, value in fields.items()
        if value not in ("", None)
    )
    return Table(
        say("Programme {programme}", programme=programme.programme),
        (Column("field", "field", "word"), Column("value", "value", "word")),
        rows,
        zone=programme.time_zone,
    )


def funds_table(programme: Programme, funds: list[dict[str, Any]]) -> Table:
    """Its funds and what is left of them."""
    return Table(
        say("Funds of {programme}", programme=programme.programme),
        (
            Column("funder", "funder"),
            Column("kind", "kind", "word"),
            Column("amount_fen", "appropriated", "fen"),
            Column("uncommitted_fen", "uncommitted", "fen"),
            Column("committed_fen", "committed", "fen"),
        ),
        tuple(funds),
        zone=programme.time_zone,
        notes=(
            (say("A funder without an amount pays what is spent: its fund has no limit."),)
            if any(fund["amount_fen"] is None for fund in funds)
            else ()
        ),
    )


def declared_table(programme: Programme) -> Table:
    """What others declared."""
    return Table(
        say("Declared by others"),
        (Column("what", "what"), Column("amount_fen", "amount", "fen")),
        tuple({"what": what, "amount_fen": fen} for what, fen in programme.declared),
        notes=(say("Declared amounts are shown and never added to a fund."),),
    )


def published_table(programme: Programme) -> Table:
    """Figures in the table, what they are about and where they stand in the notes: a line of 80
    columns holds no sentence.
    """
    notes = tuple(
        say(
            "{number}: {what} ({source})",
            number=number,
            what=figures.what or "–",
            source=figures.source or "–",
        )
        for number, figures in enumerate(programme.published, start=1)
    )
    columns = (
        Column("number", "no.", "int"),
        Column("as_of", "as of", "word"),
        Column("rounds", "of rounds"),
        Column("issued_fen", "issued", "fen"),
        Column("subsidy_fen", "subsidy", "fen"),
        Column("base_fen", "base", "fen"),
        Column("gross", "gross", "ratio"),
        Column("own_spend", "own-spend", "ratio"),
    )
    rows = tuple(
        {
            "number": number,
            "as_of": _minute(figures.as_of_at, programme.time_zone),
            "rounds": ", ".join(figures.rounds),
            "issued_fen": figures.issued_fen,
            "subsidy_fen": figures.subsidy_fen,
            "base_fen": figures.base_fen,
            "gross": figures.gross,
            "own_spend": figures.own,
        }
        for number, figures in enumerate(programme.published, start=1)
    )
    return Table(
        say("Published by others"),
        columns,
        rows,
        zone=programme.time_zone,
        notes=(*notes, say("Published figures stand beside ours and are never mixed with them.")),
    )


def _minute(at: int | None, zone: str) -> str | None:
    return times.shown(at, zone)[:16] if at is not None else None
