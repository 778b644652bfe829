"""How the reports read: the rows of ops.reports as tables with headings, and the notes that say
what each ratio is over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.clauses import say_not_enforced, say_unverified
from vouchercli.result import CSV, DATA, JSON, SCREEN, SHOWN, Column, Table, Word, only, say
from vouchercli.rules import times
from vouchercli.rules.leverage import WITH_RATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reports.figures import By
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message, Row

    Rows = Sequence[Row]


def moment(at: int, zone: str) -> str:
    """UTC seconds as a report writes a cut-off: `2020-04-16` (to its last second), `2020-04-16
    24:00`, `2020-04-02 16:00`.
    """
    text = times.shown(at, zone)
    if text.endswith("23:59:59"):
        return text[:10]
    return (
        times.shown(at - 1, zone)[:11] + "24:00"
        if text.endswith("00:00:00")
        else text.removesuffix(":00")
    )


# ---------------------------------------------------------------- leverage

KEYS = {
    "round": Column("key", "Round", page="round"),
    "family": Column("key", "Family"),
    "template": Column("key", "Template"),
    "coupon": Column("key", "Coupon"),
    "day": Column("key", "Day"),
    "week": Column("key", "Week"),
    "month": Column("key", "Month"),
    "district": Column("key", "District", blank="(not stated)", page="district"),
    "industry": Column("key", "Industry", blank="(not stated)", page="industry"),
    "size": Column("key", "Size", blank="(not stated)", page="size"),
    "merchant": Column("key", "Merchant"),
    "platform": Column("key", "Platform", blank="(issued here)"),
    "channel": Column("key", "Channel", blank="(not stated)"),
}
USED_OF_CLAIMED = Column("used_of_claimed", "Used of claimed", "rate")
PAID_OF_CLAIMED = Column("paid_of_claimed", "Paid of claimed", "rate")
CLAIMED = Column("claimed_vouchers", "Vouchers claimed", "int")
PAID = Column("paid_fen", "Paid by vouchers", "fen")
FACE = Column("claimed_face_fen", "Face claimed", "fen")
MORE_RATIOS = (
    Column("all_funders", "All-funder leverage", "ratio"),
    Column("gross_of_floor", "G / floor", "ratio"),
)
STAYS = Column("stays_fen", "Without a sale", "fen", optional=True)
MERCHANTS = (
    Column("merchants", "Merchants paid", "int"),
    Column("sized_merchants", "Of stated size", "int", where=DATA),
    Column("small_merchants", "Small and micro", "int"),
    Column("small_share", "Small share", "rate"),
)
# What the sums of a group alone do not tell.
BESIDE_SUMS = {each.key for each in (USED_OF_CLAIMED, CLAIMED, PAID_OF_CLAIMED, FACE, *MERCHANTS)}
BY_COUNT = Column("used_of_claimed", "By count", "rate")
BY_AMOUNT = Column("paid_of_claimed", "By amount", "rate")
FIGURES = (
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("base_fen", "Base spend", "fen"),
    Column("gross", "G", "ratio"),
    Column("source", "Source"),
)
# What JSON has besides of a figure that others published.
PUBLISHED = only(
    JSON,
    "what",
    Column("as_of", "", "time", source="as_of_at"),
    "rounds",
    "issued_fen",
    Column("own_spend", source="own"),
    "ours",
)
FORMULAS = (
    say(
        "G (gross) = base / subsidy: order value of payments that used a voucher, per yuan of"
        " public subsidy; not new consumption."
    ),
    say(
        "N (own-spend) = own / subsidy; own = base - subsidy - platform - match: what consumers"
        " paid themselves."
    ),
    say(
        "Floor = least orders / subsidy: the least that G can be by the vouchers' own rules. Totals"
        " are pooled, never averaged; all is net of refunds."
    ),
)


def has_claims(by: By) -> bool:
    """Whether the keys have claims of their own to be a rate of."""
    return len(by) == 1 and by[0] in WITH_RATES


def _key_columns(by: By) -> tuple[Column, ...]:
    """The columns of the keys."""
    return (KEYS[by[0]], *(replace(KEYS[each], key="second_key") for each in by[1:]))


SO_FAR = (
    Column("redemptions_so_far", "Redemptions so far", "int"),
    Column("base_so_far_fen", "Base so far", "fen"),
    Column("subsidy_so_far_fen", "Subsidy so far", "fen"),
    Column("gross_so_far", "G so far", "ratio"),
)


def so_far(by: By, rows: Rows) -> Table:
    """What all had come to by the end of each day, week or month: the curve of the season."""
    return Table(
        say("So far"),
        (*_key_columns(by), *SO_FAR),
        rows,
        notes=(
            say("From the first day of the report on; G so far = base so far / subsidy so far."),
        ),
        where=SCREEN,
        bars="base_so_far_fen",
    )


def leverage(
    by: By, scope: Scope, rows: Rows, total: dict[str, Any], *, cumulative: bool = False
) -> Table:
    """The figures by key; platform and match where they are not nought; rates and funders in CSV
    (here they have their own tables).
    """
    funders = _funders(total)
    columns = (
        *_key_columns(by),
        *((Column("name", "Name"),) if "merchant" in by else ()),
        Column("redemptions", "Redemptions", "int"),
        Column("base_fen", "Base spend", "fen"),
        Column("subsidy_fen", "Subsidy", "fen"),
        *only(CSV, *funders),
        Column("platform_fen", "Platform paid", "fen", optional=True),
        Column("match_fen", "Match", "fen", optional=True),
        Column("own_fen", "Own", "fen"),
        *only(SCREEN, STAYS),
        Column("gross", "G", "ratio"),
        Column("own_spend", "N", "ratio"),
        Column("floor", "Floor", "ratio"),
        *only(
            DATA,
            USED_OF_CLAIMED,
            CLAIMED,
            PAID_OF_CLAIMED,
            PAID,
            FACE,
            STAYS,
            *MORE_RATIOS,
            *MERCHANTS,
            *(SO_FAR if cumulative else ()),
        ),
        *((Column("funders", where=JSON),) if funders else ()),
    )
    return Table(
        _leverage_title(by, scope),
        columns,
        rows,
        total,
        notes=(*span_notes(scope), *FORMULAS, *_limits_of_sight(scope)) if rows else (),
        key="rows",
        total_key="total",
        bars="gross" if len(by) == 1 else "",
    )


def _limits_of_sight(scope: Scope) -> tuple[Message, ...]:
    """What nobody judges, and what the files did not show."""
    return (*say_not_enforced(scope.not_enforced), *say_unverified(scope.unverified))


def funders(by: By, rows: Rows, total: dict[str, Any]) -> Table:
    """The public funders one by one, and the subsidy that they add up to."""
    columns = (*_key_columns(by), *_funders(total), Column("subsidy_fen", "Subsidy", "fen"))
    return Table(say("Public funders"), columns, rows, total, where=SCREEN)


def _funders(total: dict[str, Any]) -> tuple[Column, ...]:
    return tuple(
        Column("funder_" + funder, funder, "fen", verbatim=True)
        for funder in total.get("funders", ())
    )


def _leverage_title(by: By, scope: Scope) -> Message:
    about = {"by": Word(", ".join(by)), "programme": scope.code}
    if scope.known is not None:
        day = times.day_text(scope.known.day)
        as_of = moment(scope.as_of or 0, scope.zone)
        return say(
            "Leverage by {by}: {programme}, as of {as_of}, as known on {day}",
            **about,
            as_of=as_of,
            day=day,
        )
    if scope.as_of is None:
        now = _minute(scope)
        return say("Leverage by {by}: {programme}, all known at {now}", **about, now=now)
    as_of = moment(scope.as_of, scope.zone)
    return say("Leverage by {by}: {programme}, as of {as_of}", **about, as_of=as_of)


def _minute(scope: Scope) -> str:
    """When the report is asked, to the minute."""
    return times.shown(scope.now, scope.zone)[:16]


def span_notes(scope: Scope) -> list[Message]:
    """Which rounds and which span of time a report is about, where not all."""
    notes = []
    if not scope.is_all:
        notes.append(say("Only rounds: {rounds}.", rounds=", ".join(scope.codes())))
    if scope.since is not None:
        since = times.shown(scope.since, scope.zone).removesuffix(":00")
        notes.append(say("Only what was paid at {since} or later.", since=since))
    return notes


def merchants(by: By, rows: Rows, total: dict[str, Any]) -> Table:
    """How many merchants have a payment that stands, and how many of them are small or micro; by
    merchant only the total.
    """
    has_rows = "merchant" not in by
    return Table(
        say("Merchants paid"),
        (*(_key_columns(by) if has_rows else (KEYS["round"],)), *MERCHANTS),
        rows if has_rows else (total,),
        total if has_rows else None,
        (
            say(
                "The total counts each merchant once. Small and micro: by what the registry said"
                " when it was paid; the self-employed count with them."
            ),
        ),
        where=SCREEN,
    )


def rates(by: By, rows: Rows, total: dict[str, Any]) -> Table:
    """The two redemption rates with their bases; only the total for keys that have no claims of
    their own.
    """
    has_rows = has_claims(by)
    columns = (
        KEYS[by[0] if has_rows else "round"],
        Column("redemptions", "Vouchers used", "int"),
        CLAIMED,
        BY_COUNT,
        Column("paid_fen", "Paid", "fen"),
        FACE,
        BY_AMOUNT,
    )
    note = say(
        "By count = vouchers used / vouchers claimed; by amount = paid by vouchers (all funders) /"
        " face claimed."
    )
    return Table(
        say("Redemption rates"),
        columns,
        rows if has_rows else (total,),
        total if has_rows else None,
        (note,),
        where=SCREEN,
    )


def published(scope: Scope, figures: Rows, *, has_ours: bool, is_shown: bool) -> Table:
    """What others printed, with our G beside it where it is of the same moment and rounds; for
    people only when `is_shown`.
    """
    subsidy, base, gross, source = FIGURES
    columns = (
        Column("about", "About", where=SHOWN),
        subsidy,
        base,
        gross,
        Column("ours_gross", "Our G", "ratio", optional=True, where=SHOWN),
        source,
    )
    rows = tuple(
        figure
        | {"about": _about(figure, scope.zone), "ours_gross": (figure["ours"] or {}).get("gross")}
        for figure in figures
    )
    notes = [say("Printed by others, not computed here and never added to our figures.")]
    if has_ours and not any(figure["ours"] for figure in figures):
        notes.append(say("To see ours beside one of them, give its moment with --as-of."))
    return Table(
        say("Published figures"),
        (*(columns if is_shown else only(JSON, *FIGURES)), *PUBLISHED),
        rows,
        notes=tuple(notes),
        zone=scope.zone,
        where=(*SCREEN, *JSON),
        key="published",
        optional=True,
    )


def _about(figure: dict[str, Any], zone: str) -> str:
    """`2020-04-06 16:00, hz-1 + hz-2`, or what the source says it is about."""
    when = moment(figure["as_of_at"], zone) if figure["as_of_at"] is not None else ""
    about = " + ".join(figure["rounds"]) or figure["what"]
    return ", ".join(part for part in (when, about) if part)


# ---------------------------------------------------------------- rounds

SALE = (
    Column("round", "Round", page="round"),
    Column("state", "State", "word"),
    Column("packs", "Packs", "int"),
    Column("claimed", "Claimed", "int"),
    Column("claim_rate", "Claim rate", "rate"),
    Column("opens_at", "Opens", "time"),
    Column("sold_out_at", "Sold out", "time"),
    Column("sell_out_seconds", "Seconds", "int"),
    Column("last_application_no", "Last arrival granted", where=CSV),
)
USE = (
    BY_COUNT,
    BY_AMOUNT,
    Column("paid_of_quota", "Of quota", "rate"),
    Column("users_of_claimers", "By person", "rate"),
    Column("outstanding_fen", "Outstanding", "fen"),
    Column("expired_fen", "Expired", "fen"),
    Column("breaches", "Rule breaches", "int"),
    STAYS,
)
# What the rates are made of.
BEHIND = only(
    JSON,
    "template",
    "quota_fen",
    "used_vouchers",
    CLAIMED,
    PAID,
    FACE,
    "users",
    "claimers",
    Column("last_applied_at", "", "time"),
    "last_application_no",
)
BASES = (
    say(
        "By count = vouchers used / claimed; by amount = paid / face claimed; of quota = paid /"
        " packs x pack value; by person = residents who used one / residents who claimed."
    ),
    say(
        "Outstanding and expired: face of claimed vouchers that were not used. "
        "Rule breaches: rejected claims that broke the rules of issue."
    ),
)


def rounds(scope: Scope, rows: Rows) -> tuple[Table, ...]:
    """One table for programs and spreadsheets; two for a person, so that each fits, without the
    rounds that were cancelled unless they were asked for by name.
    """
    title = say("Rounds: {programme}, all known at {now}", programme=scope.code, now=_minute(scope))
    known = scope.known
    if scope.as_of is not None:
        as_of = moment(scope.as_of, scope.zone)
        title = say("Rounds: {programme}, as of {as_of}", programme=scope.code, as_of=as_of)
        if known is not None:
            title = say(
                "Rounds: {programme}, as of {as_of}, as known on {day}",
                programme=scope.code,
                as_of=as_of,
                day=times.day_text(known.day),
            )
    gone = [row["round"] for row in rows if row["state"] == "cancelled" and scope.is_all]
    seen = [row for row in rows if row["round"] not in gone]
    left_out = (say("Cancelled and left out: {rounds}.", rounds=", ".join(gone)),) if gone else ()
    columns = (*SALE, *only(DATA, *USE), *BEHIND)
    notes = (*BASES, *_limits_of_sight(scope))
    return (
        Table(title, columns, rows, zone=scope.zone, key="rows", where=CSV),
        Table(title, SALE, seen, notes=left_out, zone=scope.zone, where=SCREEN),
        Table(
            say("Redemption rates"),
            (SALE[0], *USE),
            seen,
            notes=notes,
            where=SCREEN,
            bars="used_of_claimed",
        ),
    )
