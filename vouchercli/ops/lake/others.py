"""report funds, merchants, fairness and compare, of a lake."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.lake import asking, reports, unlike
from vouchercli.ops.reports import cautions, compare, engine
from vouchercli.ops.reports import fairness as of_fairness
from vouchercli.ops.reports import funds as of_funds
from vouchercli.ops.reports import merchants as of_merchants
from vouchercli.ops.reports.measures import Found, figures
from vouchercli.ops.reports.spans import Title, titled
from vouchercli.ops.reports.specs import Answer
from vouchercli.result import JSON, Column, Outcome, Table, Word, say
from vouchercli.rules import lake as rules
from vouchercli.rules import leverage
from vouchercli.rules.leverage import NOTHING, Claimed, Sums
from vouchercli.store import lake_merchants
from vouchercli.store import lake_queries as sql
from vouchercli.store.fairness import Drawn, Eligible
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vouchercli.ops.lake.asking import Asked, Lake
    from vouchercli.result import Message

    Row = dict[str, Any]

CITY = Column("city", "City")
PUBLIC = rules.SUMS.index("public_fen")
NO_COUNTS = ("eligible", "claimers", "packs", "subsidy_fen", "claim_rate", "each_fen")


def _rows(lake: Lake, table: str) -> list[Row]:
    names = [*rules.TABLES[table]]
    return [dict(zip(names, row, strict=True)) for row in lake.ask(sql.ROWS_OF[table])]


# ---------------------------------------------------------------- funds

MONEY = (
    *("appropriated_fen", "uncommitted_fen", "committed_fen", "outstanding_fen", "redeemed_fen"),
    "returned_fen",
)
SHARES = (
    *of_funds.FUNDS,
    Column("of_redeemed", "Of all redeemed", "rate"),
)


def report_funds(asked: Asked) -> Outcome:
    """The money of every funder of every city, and of funders of one name together, as of the last
    day that each lake has, or of the day asked for. Raises as `asking.opened`.
    """
    with asking.opened(asked, needs_day=True) as lake:
        rows = sorted(_rows(lake, "funds"), key=lambda row: (row["city"], row["position"]))
        whole = [_fund(row) for row in rows if not row["round"]]
        codes = {(row["city"], row["programme"], row["code"]): row["round"] for row in lake.rounds}
        by_round = [
            {**row, "round": codes[row["city"], row["programme"], row["round"]]}
            for row in rows
            if (row["city"], row["programme"], row["round"]) in codes
        ]
        together = _together(whole)
        note = say(
            "Appropriated = uncommitted + committed + outstanding + redeemed + returned. Redeemed"
            " is payable to merchants, or paid."
        )
        title = titled(lake.scope, Title("Funds: {programme}", "Funds: {programme}, as of {as_of}"))
        tables = (
            Table(title, (CITY, *of_funds.FUNDS), whole, notes=(note,), key="funds"),
            Table(say("All cities, by funder"), SHARES, together, key="together"),
            Table(say("Money of rounds"), of_funds.ROUNDS, by_round, key="by_round", optional=True),
        )
        return reports.outcome(lake, {}, tables)


def _fund(row: Row) -> Row:
    share = leverage.rate(row["redeemed_fen"], row["appropriated_fen"])
    uncommitted = row["uncommitted_fen"] if row["is_watched"] else None
    return {**row, "uncommitted_fen": uncommitted, "share": share}


def _together(rows: Sequence[Row]) -> list[Row]:
    """Funders of one name and kind together: what each gave, and its share of what was redeemed of
    the money of its kind.
    """
    pooled: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = row["funder"], row["kind"]
        sums = pooled.setdefault(key, {"funder": key[0], "kind": key[1], **dict.fromkeys(MONEY, 0)})
        for name in MONEY:
            sums[name] += row[name] or 0
    redeemed = sum(row["redeemed_fen"] for row in pooled.values())
    return [
        {
            **row,
            "share": leverage.rate(row["redeemed_fen"], row["appropriated_fen"]),
            "of_redeemed": leverage.rate(row["redeemed_fen"], redeemed),
        }
        for row in pooled.values()
    ]


# ---------------------------------------------------------------- merchants


def report_merchants(asked: Asked, *, top: int) -> Outcome:
    """Merchants of all cities: counts and sums by size, district and industry of their registries,
    the `top` first (0: all), and how evenly it is spread. Raises as `asking.opened`.
    """
    with asking.opened(asked) as lake:
        first = _first(lake, top)
        known = of_merchants.Known(
            _cells(lake),
            [row[0] for row in lake.ask_apart(lake_merchants.AMOUNTS)],
            [
                (f"{city}/{number}", "", Sums._make(row[: len(rules.SUMS)]))
                for city, number, *row in first
            ],
        )
        tables = of_merchants.tables_of_known(lake.scope, known, ())
        return reports.outcome(lake, {"rounds": lake.scope.codes()}, tables)


def _first(lake: Lake, top: int) -> list[tuple[Any, ...]]:
    """The merchants who got most (0: all): the first of all are among the first of each city."""
    rows = [*lake.ask_apart(lake_merchants.first((), "subsidy_fen", top))]
    rows.sort(key=lambda row: (-row[2 + PUBLIC], row[0], row[1]))
    return rows[:top] if top else rows


def _cells(lake: Lake) -> dict[of_merchants.Alike, of_merchants.Cell]:
    """Merchants alike in what their registry says; a district stands with its city."""
    cells: dict[of_merchants.Alike, of_merchants.Cell] = {}

    def add(key: of_merchants.Alike, registered: int, paid: int, sums: Sums) -> None:
        before = cells.get(key, of_merchants.Cell(0, 0, NOTHING))
        cells[key] = of_merchants.Cell(
            before.registered + registered, before.with_payments + paid, before.sums + sums
        )

    for city, size, district, industry, count in lake.ask_apart(lake_merchants.REGISTERED):
        add((True, _says(city, size, district, industry)), count, 0, NOTHING)
    for city, is_registered, size, district, industry, paid, *sums in lake.ask_apart(
        lake_merchants.ALIKE
    ):
        says = _says(city, size, district, industry)
        key = (True, says) if is_registered else of_merchants.UNKNOWN
        add(key, 0, paid, Sums._make(sums))
    return cells


def _says(city: str, size: str, district: str, industry: str) -> tuple[str, ...]:
    return size, f"{city}/{district}" if district else "", industry


# ---------------------------------------------------------------- fairness

COUNTED = (
    CITY,
    Column("programme", "Programme"),
    Column("eligible", "Eligible", "int"),
    Column("claimers", "Who claimed", "int"),
    Column("claim_rate", "Of the eligible", "rate"),
)


def report_fairness(asked: Asked) -> Outcome:
    """Who could have packs, who claimed and won, by group and district of each city; distinct
    residents are counted by the cities. Raises as `asking.opened`.
    """
    with asking.opened(asked, needs_day=True) as lake:
        rows = _rows(lake, "residents")
        groups, districts = ([*_eligible(rows, cut)] for cut in ("group", "district"))
        drawn, whole = _drawn(lake, rows)
        often = [row for row in rows if row["cut"] == "often"]
        title = titled(lake.scope, Title("Fairness: {programme}", "Fairness: {programme}"))
        notes = (
            say(
                "Residents are those of the eligibility lists; one of several groups counts in"
                " each."
            ),
            say("Counts with few residents behind them are not in the lake: they stand empty."),
        )
        tables = (
            Table(title, of_fairness.BY_GROUP, groups, notes=notes, key="by_group"),
            Table(
                say("By the district of residents"),
                of_fairness.BY_DISTRICT,
                districts,
                key="by_district",
                optional=True,
            ),
            _city_residents(rows),
            Table(
                say("Chances in lotteries"),
                of_fairness.DRAWS,
                of_fairness.chances_of(drawn, whole),
                key="lotteries",
                optional=True,
            ),
        )
        data = {
            "rounds": lake.scope.codes(),
            "tried_often": sum(row["eligible"] or 0 for row in often),
            "never_won": sum(row["claimers"] or 0 for row in often),
        }
        return reports.outcome(lake, data, tables)


def _eligible(rows: Iterable[Row], cut: str) -> Iterable[Row]:
    for row in rows:
        if row["cut"] != cut:
            continue
        key = f"{row['city']}/{row['key']}" if row["key"] else ""
        if row["eligible"] is None:
            yield {"key": key, **dict.fromkeys(NO_COUNTS)}
        else:
            counts = (row[name] for name in Eligible._fields[1:])
            yield of_fairness.row_of(Eligible(key, *counts))


def _city_residents(rows: Iterable[Row]) -> Table:
    """Residents of the lists as each city counts them, by programme; across cities they are added.
    Where a district is hidden, or a city is not told, there is no sum.
    """
    lists: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["cut"] == "district":
            lists.setdefault((row["city"], row["programme"]), []).append(row)
    told = [
        {"city": city, "programme": programme, **_summed(districts)}
        for (city, programme), districts in sorted(lists.items())
    ]
    return Table(
        say("City-residents"),
        COUNTED,
        told,
        {**_summed(told), "city": Word("total"), "programme": ""},
        notes=(*_counted_twice([city for city, _ in sorted(lists)]),),
        key="city_residents",
        optional=True,
    )


def _counted_twice(cities: Sequence[str]) -> Iterator[Message]:
    """Who counts more than once, and of which cities that is so."""
    yield say(
        "City-residents: each city counts its own, each once; who is on the lists of two cities"
        " counts in both."
    )
    several = sorted(city for city, count in Counter(cities).items() if count > 1)
    if several:
        yield say(
            "Several programmes of {cities} have lists: who is on two of them counts in both, and"
            " twice in the total.",
            cities=", ".join(several),
        )


def _summed(rows: Sequence[Row]) -> Row:
    """Residents and claimers of all rows; None where one of them is not told."""
    if not rows or any(row["eligible"] is None for row in rows):
        return {"eligible": None, "claimers": None, "claim_rate": None}
    sums: Row = {name: sum(row[name] for row in rows) for name in ("eligible", "claimers")}
    return sums | {"claim_rate": leverage.rate(sums["claimers"], sums["eligible"])}


def _drawn(lake: Lake, rows: Iterable[Row]) -> tuple[list[Drawn], dict[str, tuple[int, int]]]:
    """Applicants and winners by round and district where they are told, and of whole rounds."""
    names = {(row["city"], row["programme"], row["code"]): row["round"] for row in lake.rounds}
    some: list[Drawn] = []
    whole: dict[str, tuple[int, int]] = {}
    for row in rows:
        code = names.get((row["city"], row["programme"], row["round"]), "")
        if row["eligible"] is None or not code:
            continue
        if row["cut"] == "drawn":
            whole[code] = row["claimers"], row["eligible"]
        if row["cut"] == "lottery":
            some.append(Drawn(code, row["key"], row["eligible"], row["claimers"]))
    return [each for each in some if each.round in whole], whole


# ---------------------------------------------------------------- compare


def report_compare(asked: Asked, names: Sequence[str]) -> Outcome:
    """Cities, provinces and rounds (`330100/hz-1`) side by side. Raises `UsageFault`
    too_few_subjects, `VoucherError` unknown_subject, and as `asking.opened`.
    """
    if len(names) < 2:
        raise UsageFault(
            "too_few_subjects",
            "at least two are compared",
            hint="voucher report compare 330100 330200 --lake {folder}",
            folder=str(asked.root),
        )
    with asking.opened(asked, needs_day=True) as lake:
        rows = _of_rounds(lake)
        chosen = {name: _picked(lake, name) for name in names}
        no = dict.fromkeys(unlike.left_out(chosen))
        subjects = [
            compare.Subject(name, _figures(lake, picked, rows) | no)
            for name, picked in chosen.items()
        ]
        told = [{"subject": each.name, "source": "", **each.figures} for each in subjects]
        notes = (
            *cautions.sentences(compare.CAUTIONS, (compare.SUBJECT,), told, cautions.NO_TOTAL),
            *unlike.what_differs(lake, chosen),
        )
        title = say("Side by side: {names}", names=", ".join(names))
        tables = (
            compare.side_by_side(title, compare.LINES, subjects, notes),
            Table(title, compare.BY_SUBJECT, told, where=JSON, key="subjects"),
        )
        return reports.outcome(lake, {}, tables)


def _of_rounds(lake: Lake) -> dict[str, tuple[Row, Found]]:
    """Each round as `report rounds` has it, with what it is made of."""
    found = reports.gather_rounds(lake)
    needs = frozenset(("sums", "claimed", "uptake"))
    spec = reports.ROUNDS
    told, _ = engine.rows(spec, Answer(spec.by, lake.scope, found, needs))
    return {row["key"]: (row, each) for row, each in zip(told, found.groups.values(), strict=True)}


def _picked(lake: Lake, name: str) -> list[Row]:
    """The rounds of a city, a province, a programme (`330100/hangzhou-2020`), or of that name; of a
    round the code alone will do where one city has it. Raises `VoucherError` unknown_subject,
    several_rounds.
    """
    picked = [
        row
        for row in lake.rounds
        if name
        in (
            *(row[key] for key in ("city", "province", "round", "family", "programme")),
            f"{row['city']}/{row['programme']}",
        )
    ]
    return picked or _of_code(lake, name)


def _of_code(lake: Lake, name: str) -> list[Row]:
    """The one round of that code."""
    found = [row for row in lake.rounds if row["code"] == name]
    if not found:
        raise VoucherError(
            "unknown_subject",
            "there is neither a city nor a province nor a round {name} in the lake",
            hint="voucher lake list {folder}, or voucher report rounds --lake {folder}",
            name=name,
            folder=str(lake.asked.root),
        )
    if len(found) > 1:
        raise VoucherError(
            "several_rounds",
            "several cities or programmes have a round {name}",
            hint="name one of {rounds}",
            name=name,
            rounds=", ".join(row["round"] for row in found),
        )
    return found


def _figures(lake: Lake, picked: Sequence[Row], rows: dict[str, tuple[Row, Found]]) -> Row:
    some = [rows[row["round"]] for row in picked]
    total = leverage.pooled(found.sums for _, found in some)
    every = [found.claimed for _, found in some if found.claimed]
    claimed = sum(every, Claimed())
    only = lake._replace(rounds=[*picked])
    only.lay(())
    paid = sum(count for _, count in lake.ask_apart(lake_merchants.PAID))
    together = Found(total, claimed, Merchants(paid))
    sold_out = [row["sell_out_seconds"] for row, _ in some]

    def add(key: str) -> int:
        return sum(row[key] for row, _ in some)

    return {
        "rounds": len(some),
        "packs": add("packs"),
        "quota_fen": add("quota_fen"),
        "claimed": claimed.packs,
        "claim_rate": leverage.rate(claimed.packs, add("packs")),
        "sell_out_seconds": sold_out[0] if len(some) == 1 else None,
        **figures(together, compare.OF_PAYMENTS),
        "merchants": paid,
        "outstanding_fen": add("outstanding_fen"),
        "expired_fen": add("expired_fen"),
        "lost_fen": None,
        "days_to_payment": None,
        "says_little": cautions.codes(compare.CAUTIONS, together),
    }
