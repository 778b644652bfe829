"""The tables that may be published: sums by round, day, coupon, channel and kind of merchant, and
who claimed. No row is a resident, a voucher, a payment or a merchant; what is too small is empty.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import rounds as report
from vouchercli.ops.reports.catalogue import DIMENSIONS, MEANINGS, MEASURES
from vouchercli.ops.reports.scope import Scope, go_back, scope_of
from vouchercli.publications import Both, Field, OpenTable, Publication
from vouchercli.result import Word
from vouchercli.rules import leverage, suppression, times
from vouchercli.store import fairness, programmes
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from vouchercli.publications import Shape
    from vouchercli.rules.leverage import Sums
    from vouchercli.rules.suppression import Cell
    from vouchercli.session import Session
    from vouchercli.store.reports import Round

    InBoth = Callable[..., Both]
    Row = dict[str, Any]

FEWEST_MERCHANTS = 3  # of fewer nobody's turnover is told, as in official statistics
PUBLIC = ("open", "paused", "closed", "settled", "archived")
NOT_STATED, SHOWN, NOT_SHOWN = "not_stated", "shown", "not_shown"
WORDS = {
    NOT_STATED: Word("(not stated)"),
    SHOWN: Word("shown"),
    NOT_SHOWN: Word("not shown: too few behind it"),
    "fcfs": Word("first come, first served"),
    "lottery": Word("lottery"),
    "targeted": Word("targeted"),
    "offline": Word("offline"),
    "online": Word("online"),
    **{state: Word(state) for state in (*PUBLIC, "cancelled")},
}
MONEY = ("base_fen", "subsidy_fen", "platform_fen", "match_fen", "own_fen")
FIGURES = ("redemptions", *MONEY, "gross", "own_spend", "floor")
USE = ("used_of_claimed", "paid_of_claimed", "users_of_claimers", "outstanding_fen", "expired_fen")
CUTS: dict[str, Word] = {
    "day": Word("Redemptions by day"),
    "coupon": Word("Redemptions by coupon"),
    "channel": Word("Redemptions by channel"),
    "district": Word("Redemptions by district"),
    "industry": Word("Redemptions by industry"),
    "size": Word("Redemptions by size of merchant"),
}
OF_MERCHANTS = ("district", "industry", "size")
RESIDENTS = {
    "group": Word("Residents by group"),
    "district": Word("Residents by district"),
}

PROGRAMME = (Word("About the programme"), Word("what these tables are about"))
ROUNDS = (Word("All rounds"), Word("each round: its terms, and how its packs were claimed"))
CLAIMS = (Word("Claims by day"), Word("packs claimed, by round and local day"))
USES = (Word("Redemptions by round"), Word("what vouchers paid, by round"))
FUNDERS = (Word("Subsidy by funder"), Word("the subsidy of each round, by public funder"))
CUT = Word("what vouchers paid, by round and one dimension")
WHO = Word("who may have packs, who claimed one, and the subsidy that they used")
TERMS = (
    "template",
    "platform",
    "mode",
    "state",
    "packs",
    "coupons",
    "pack_value_fen",
    "opens_at",
)
ABOUT = (
    "Sums of a consumer-voucher programme; no row is a person, a payment or a merchant. Empty"
    " figures are not shown: fewer than {least} residents, or in cuts by merchant fewer than"
    " {merchants} merchants, could stand behind them, or they would give away such a cell by"
    " subtraction from a total."
)
# name -> (shape, heading, meaning) of what is no measure and no dimension of reports
OWN: dict[str, tuple[Shape, str, str]] = {
    "template": ("text", Word("Template"), DIMENSIONS["template"]),
    "platform": ("text", Word("Platform"), DIMENSIONS["platform"]),
    "mode": ("text", Word("Mode"), Word("how packs are given out")),
    "state": ("text", Word("State"), Word("where the round stands")),
    "packs": ("count", Word("Packs"), Word("packs of the round")),
    "coupons": ("count", Word("Coupons"), Word("vouchers in a pack")),
    "pack_value_fen": ("yuan", Word("Pack value"), Word("the denominations of a pack together")),
    "opens_at": ("time", Word("Opens"), Word("from when packs can be had, local time")),
    "sold_out_at": ("time", Word("Sold out"), Word("when the last pack was claimed, local time")),
    "sell_out_seconds": ("count", Word("Seconds to sell out"), MEANINGS["sell_out_seconds"]),
    "used_of_claimed": ("rate", Word("Used, by count"), MEANINGS["used_of_claimed"]),
    "paid_of_claimed": ("rate", Word("Used, by amount"), MEANINGS["paid_of_claimed"]),
    "users_of_claimers": ("rate", Word("Used, by person"), MEANINGS["users_of_claimers"]),
    "funder": ("text", Word("Funder"), Word("who pays")),
    "merchants": ("count", Word("Merchants"), Word("merchants with anything paid or refunded")),
    "group": ("text", Word("Group"), Word("the group of residents, by the eligibility list")),
    "eligible": ("count", Word("Eligible"), Word("residents on the eligibility list")),
    "claimers": ("count", Word("Who claimed"), Word("of them, residents who claimed a pack")),
    "cell": ("text", Word("Shown"), Word("whether the figures of the row are shown")),
    "programme": ("text", Word("Programme"), Word("the programme's code")),
    "name_zh": ("text", Word("Name in Chinese"), Word("the programme's name in Chinese")),
    "name_en": ("text", Word("Name in English"), Word("the programme's name in English")),
    "time_zone": ("text", Word("Time zone"), Word("the zone of all days and times")),
    "as_of": ("time", Word("As of"), Word("everything up to this moment counts")),
    "min_cell": ("count", Word("Smallest cell"), Word("fewer residents than this are not shown")),
}
DISTRICT_OF_RESIDENTS = Word("the resident's district, by the eligibility list")
HEADS = {
    "round": Word("Round"),
    "day": Word("Day"),
    "coupon": Word("Coupon"),
    "channel": Word("Channel"),
    "district": Word("District"),
    "industry": Word("Industry"),
    "size": Word("Size"),
}
MEASURED = {each.key: each for each in MEASURES}
SHAPES: dict[str, Shape] = {"yuan": "yuan", "a number": "count", "ratio": "ratio", "share": "rate"}

REHEARSED = (
    "From a file for rehearsals: these figures are not real. Sums of a consumer-voucher programme;"
    " empty figures are not shown: fewer than {least} residents, or in cuts by merchant fewer than"
    " {merchants} merchants, could stand behind them."
)


class Draft(NamedTuple):
    """A table before its texts are in both languages; rows are dictionaries."""

    name: str
    title: Word
    meaning: Word
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    rows: list[Row]


def published(
    session: Session, in_both: InBoth, *, min_cell: int, as_of: int | None = None
) -> Publication:
    """The tables of the programme up to a moment (UTC seconds; None: now), where a cell has at
    least `min_cell` residents behind it. `in_both` gives a text of ours in both languages.
    """
    with reading(session):
        moment = session.now if as_of is None else as_of
        scope = go_back(session, scope_of(session, (), None, moment), moment)
        scope = scope._replace(rounds=_public(session, scope))
        drafts = [*_drafts(session, scope, min_cell)]
        name = programmes.value(scope.programme).name
    about: Row = {
        "programme": scope.code,
        "name_zh": name.zh,
        "name_en": name.en,
        "time_zone": scope.zone,
        "as_of": _local(moment, scope.zone),
        "min_cell": min_cell,
    }
    drafts.insert(0, Draft("programme", *PROGRAMME, ("programme",), tuple(about)[1:], [about]))
    least = {"least": min_cell, "merchants": FEWEST_MERCHANTS}
    return Publication(
        scope.code,
        Both(name.zh or scope.code, name.en or scope.code),
        in_both(REHEARSED if session.is_rehearsal else ABOUT, least),
        tuple(_in_words(each, in_both) for each in drafts),
    )


def _public(session: Session, scope: Scope) -> dict[int, Round]:
    """The rounds that have opened, or of which packs were claimed: plans are nobody's yet."""
    claimed = store.claimed_packs(session.db, scope.window, scope.zone)
    return {
        round_id: each
        for round_id, each in scope.rounds.items()
        if each.state in PUBLIC or claimed.get(round_id)
    }


def _drafts(session: Session, scope: Scope, least: int) -> Iterable[Draft]:
    """Every table but the first. What all rounds come to is known, so they hide each other too; and
    of a round that is not shown no part is.
    """
    told = dict(zip(scope.rounds, report.rows_of(session, scope), strict=True))
    sums, merchants = _sums(session, scope, "round"), _merchants(session, scope)
    least_cell = (least, FEWEST_MERCHANTS)
    unclaimed = _hidden(
        {
            each: (suppression.residents(row["claimed"], row["per_resident"]) or None, None)
            for each, row in told.items()
        },
        least_cell,
    )
    unused = _hidden(
        {
            each: _behind(about, sums[each, ""], merchants[each, "", ""])
            for each, about in scope.rounds.items()
        },
        least_cell,
        unclaimed,
    )
    yield _rounds(scope, told, unclaimed)
    yield _claims(session, scope, least_cell, unclaimed)
    yield _uses(scope, told, sums, unused)
    yield _funders(session, scope, unused)
    for by in CUTS:
        yield _cut(session, scope, by, least_cell, unused, merchants)
    yield from _residents(session, scope, least)


def _hidden(cells: dict[Any, Cell], least: Cell, also: Collection[Any] = ()) -> set[Any]:
    """The keys of the cells that are not shown."""
    keys = [*cells]
    places = [keys.index(each) for each in also]
    return {keys[at] for at in suppression.hidden([*cells.values()], least, places)}


def _behind(about: Round, sums: Sums, merchants: int | None) -> Cell:
    """Who stands behind sums for sure: residents, of whom one may use all vouchers of his packs,
    and merchants.
    """
    if sums.is_empty:
        return (None, None)
    most = about.coupons * about.per_resident
    return (suppression.residents(max(sums.vouchers, 0), most), merchants)


def _sums(session: Session, scope: Scope, by: str) -> defaultdict[tuple[int, str], Sums]:
    """The sums of each round by one dimension; by round itself the key is blank."""
    found: defaultdict[tuple[int, str], Sums] = defaultdict(leverage.Sums)
    for group in store.redemption_sums(session.db, by, scope.window, scope.zone):
        if group.round_id in scope.rounds:
            found[group.round_id, "" if by == "round" else group.key] += group.sums
    return found


def _merchants(session: Session, scope: Scope) -> Counter[tuple[int, str, str]]:
    """Merchants with anything paid, by (round, dimension, key), as the registry has them now; by
    (round, "", "") all of them.
    """
    listed = store.listed_merchants(session.db)
    counts: Counter[tuple[int, str, str]] = Counter()
    for round_id in scope.rounds:
        for number, _, _ in store.by_merchant(session.db, [round_id], scope.months, scope.zone):
            counts[round_id, "", ""] += 1
            for by in OF_MERCHANTS:
                counts[round_id, by, getattr(listed[number], by)] += 1
    return counts


def _rounds(scope: Scope, told: dict[int, Row], hidden: Collection[int]) -> Draft:
    claims = ("claimed", "claim_rate", "sold_out_at", "sell_out_seconds")
    rows = []
    for round_id, row in told.items():
        at = {each: _local(row[each], scope.zone) for each in ("opens_at", "sold_out_at")}
        keys = {"round": row["round"], **{name: (row | at)[name] for name in TERMS}}
        figures = {name: (row | at)[name] for name in claims}
        rows.append(_row(keys, figures, is_shown=round_id not in hidden))
    return Draft("rounds", *ROUNDS, ("round",), (*TERMS, *claims, "cell"), rows)


def _claims(session: Session, scope: Scope, least: Cell, hidden: Collection[int]) -> Draft:
    rows: list[Row] = []
    days: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for round_id, day, packs in store.claims_by_day(session.db, scope.window, scope.zone):
        days[round_id][day] += packs
    for round_id, about in scope.rounds.items():
        counted = dict(sorted(days[round_id].items()))
        cells: dict[int, Cell] = {
            day: (suppression.residents(packs, about.per_resident), None)
            for day, packs in counted.items()
        }
        gone = counted.keys() if round_id in hidden else _hidden(cells, least)
        for day, packs in counted.items():
            keys = {"round": about.round, "day": times.day_text(day)}
            rows.append(_row(keys, {"claimed": packs}, is_shown=day not in gone))
    return Draft("claims_by_day", *CLAIMS, ("round", "day"), ("claimed", "cell"), rows)


def _uses(
    scope: Scope,
    told: dict[int, Row],
    sums: dict[tuple[int, str], Sums],
    hidden: Collection[int],
) -> Draft:
    rows = [
        _row(
            {"round": row["round"]},
            _figures(sums[round_id, ""]) | {name: row[name] for name in USE},
            is_shown=round_id not in hidden,
        )
        for round_id, row in told.items()
    ]
    fields = (*FIGURES, *USE, "cell")
    return Draft("redemptions_by_round", *USES, ("round",), fields, rows)


def _funders(session: Session, scope: Scope, hidden: Collection[int]) -> Draft:
    paid: Counter[tuple[int, str]] = Counter()
    for each in store.funder_shares(session.db, "round", scope.window, (0, 0), scope.zone):
        paid[each.round_id, each.funder] += each.amount_fen
    rows = [
        _row(
            {"round": about.round, "funder": funder},
            {"subsidy_fen": paid[round_id, funder]},
            is_shown=round_id not in hidden,
        )
        for round_id, about in scope.rounds.items()
        for funder in store.public_funders(session.db, scope.programme["programme_id"])
    ]
    return Draft("subsidy_by_funder", *FUNDERS, ("round", "funder"), ("subsidy_fen", "cell"), rows)


def _cut(
    session: Session,
    scope: Scope,
    by: str,
    least: Cell,
    hidden: Collection[int],
    merchants: Counter[tuple[int, str, str]],
) -> Draft:
    """Sums by round and one dimension; the rows of a round add up to what is told of it in all."""
    rows: list[Row] = []
    sums, is_of_merchants = _sums(session, scope, by), by in OF_MERCHANTS
    for round_id, about in scope.rounds.items():
        cells = {
            key: _behind(
                about,
                sums[round_id, key],
                merchants[round_id, by, key] if is_of_merchants else None,
            )
            for key in sorted(key for each, key in sums if each == round_id)
        }
        gone = cells.keys() if round_id in hidden else _hidden(cells, least)
        for key in cells:
            keys = {"round": about.round, by: times.day_text(int(key)) if by == "day" else key}
            figures = _figures(sums[round_id, key])
            if is_of_merchants:
                figures["merchants"] = merchants[round_id, by, key]
            rows.append(_row(keys, figures, is_shown=key not in gone))
    fields = (*(("merchants",) if is_of_merchants else ()), *FIGURES, "cell")
    return Draft(f"redemptions_by_{by}", CUTS[by], CUT, ("round", by), fields, rows)


def _residents(session: Session, scope: Scope, least: int) -> Iterable[Draft]:
    """Who could have packs and who claimed, by what the eligibility lists say of residents."""
    asked = (session.db, scope.programme["programme_id"], [*scope.rounds], scope.as_of or 0)
    names = ("eligible", "claimers", "subsidy_fen")
    told = {"group": fairness.by_group(*asked), "district": fairness.by_district(*asked)}
    for by, found in told.items():
        gone = _hidden(
            {each.key: (each.eligible, each.claimers or None) for each in found}, (least, least)
        )
        rows = [
            _row(
                {by: each.key},
                {name: getattr(each, name) for name in names},
                is_shown=each.key not in gone,
            )
            for each in found
        ]
        fields = (*names, "cell")
        yield Draft(f"residents_by_{by}", RESIDENTS[by], WHO, (by,), fields, rows)


def _figures(sums: Sums) -> Row:
    return {
        "redemptions": sums.vouchers,
        "base_fen": sums.base_fen,
        "subsidy_fen": sums.public_fen,
        "platform_fen": sums.platform_fen,
        "match_fen": sums.match_fen,
        "own_fen": sums.own_fen,
        "gross": sums.gross,
        "own_spend": sums.own_spend,
        "floor": sums.floor,
    }


def _row(keys: Row, figures: Row, *, is_shown: bool) -> Row:
    """A row: its keys and terms, and its figures where these are shown."""
    return {
        **{name: NOT_STATED if value == "" else value for name, value in keys.items()},
        **{name: value if is_shown else None for name, value in figures.items()},
        "cell": SHOWN if is_shown else NOT_SHOWN,
    }


def _local(at: int | None, zone: str) -> str | None:
    return None if at is None else times.iso(at, zone)[:19].replace("T", " ")


# ---------------------------------------------------------------- in both languages


def _in_words(draft: Draft, in_both: InBoth) -> OpenTable:
    names = (*draft.keys, *draft.fields)
    return OpenTable(
        draft.name,
        in_both(draft.title),
        in_both(draft.meaning),
        tuple(_field(draft, name, in_both) for name in names),
        draft.keys,
        [tuple(row[name] for name in names) for row in draft.rows],
    )


def _field(draft: Draft, name: str, in_both: InBoth) -> Field:
    shape, head, meaning = _described(draft.name, name)
    codes = sorted({row[name] for row in draft.rows} & {*WORDS}) if shape == "text" else ()
    title = in_both(head)
    return Field(
        f"{name.removesuffix('_fen')}_yuan" if shape == "yuan" else name,
        shape,
        in_both("{heading} (yuan)", {"heading": Word(head)}) if shape == "yuan" else title,
        in_both(meaning),
        {code: in_both(WORDS[code]) for code in codes},
    )


def _described(table: str, name: str) -> tuple[Shape, str, str]:
    """The shape, heading and meaning of a field."""
    if table.startswith("residents_") and name == "district":
        return "text", HEADS[name], DISTRICT_OF_RESIDENTS
    if name in OWN:
        return OWN[name]
    if name in HEADS:
        return "day" if name == "day" else "text", HEADS[name], DIMENSIONS[name]
    measure = MEASURED[name]
    return SHAPES[measure.unit], measure.measure, measure.meaning
