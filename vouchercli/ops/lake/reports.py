"""report leverage, rounds, funds, merchants, fairness, compare, of a lake: the reports of a city's
own file, of whose definitions only what gathers is another one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.lake import asking, bridges, paid_merchants, unlike
from vouchercli.ops.reports import engine, gathered
from vouchercli.ops.reports import leverage as of_leverage
from vouchercli.ops.reports import rounds as of_rounds
from vouchercli.ops.reports.dimensions import DIMENSIONS, NAMED, OF_LAKES, asked_for, has_claims
from vouchercli.ops.reports.gathered import NO_MERCHANTS, Gathered, together
from vouchercli.ops.reports.measures import Found, Uptake
from vouchercli.ops.reports.scope import face_of
from vouchercli.ops.reports.specs import Question
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import times
from vouchercli.rules.leverage import NOTHING, Claimed, Sums
from vouchercli.store import lake_queries as sql
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from vouchercli.ops.lake.asking import Asked, Lake
    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.gathered import First
    from vouchercli.ops.reports.specs import Answer, Spec
    from vouchercli.result import Message

# Names that each city gives by itself.
OWN_NAMES = ("district", "merchant")
COVERAGE = (
    Column("city", "City"),
    Column("name", "Name"),
    Column("programme", "Programme"),
    Column("first_day", "From", "date"),
    Column("day", "Up to", "date"),
    Column("head", "Chain"),
)


def coverage(lake: Lake) -> Table:
    """Which cities are counted, from when and up to when."""
    first, last = lake.asked.days
    rows = [
        {
            "city": each.manifest.city,
            "name": each.manifest.name,
            "programme": each.manifest.programme,
            "first_day": max(first, each.manifest.since or each.manifest.first_day),
            "day": min(last, each.manifest.day),
            "head": each.manifest.head[:24],
        }
        for each in lake.counted
    ]
    return Table(say("What is covered"), COVERAGE, rows, key="coverage")


def outcome(
    lake: Lake, data: dict[str, Any], tables: Iterable[Table], says: Iterable[Any] = ()
) -> Outcome:
    """The answer of a report with what it covers; partial where something is missing."""
    about = {
        "lake": str(lake.asked.root),
        "engine": lake.asked.engine,
        "cities": sorted({each.manifest.city for each in lake.counted}),
    }
    return Outcome(
        lake.scope.about() | about | data,
        (*tables, coverage(lake)),
        tuple(says),
        tuple(lake.problems),
        "partial" if lake.is_partial else "ok",
    )


def _reported(lake: Lake, spec: Spec, answer: Answer) -> Outcome:
    since = lake.asked.since
    data: dict[str, Any] = {} if spec.by else {"by": ",".join(answer.by)}
    data["since"] = None if since is None else times.iso(since, lake.scope.zone)
    data["rounds"] = lake.scope.codes()
    return outcome(lake, data, engine.tables(spec, answer), engine.says(spec, answer))


# ---------------------------------------------------------------- leverage

LEVERAGE = of_leverage.SPEC._replace(
    beside=lambda session, answer: (), none=lambda scope: say("nothing was redeemed in this span")
)


def report_leverage(asked: Asked, by: str, question: Question) -> Outcome:
    """Sums and ratios of all cities by one or two dimensions, also `city`, `province`, `county`
    and `section`. Raises
    as `asking.opened` and `engine.require`.
    """
    keys = asked_for(by, (*DIMENSIONS, *OF_LAKES))
    question = question._replace(by=keys)
    engine.require(LEVERAGE, keys, question)
    with asking.opened(asked) as lake:
        answer = engine.answered(
            LEVERAGE, question, lake.scope, lambda *what: _payments(lake, *what)
        )
        outcome = _reported(lake, LEVERAGE, answer)
        says = (*outcome.says, *bridges.without_match(lake.engine, keys), *_unlike(lake, keys))
        return replace(outcome, says=says)


def _unlike(lake: Lake, by: By) -> Iterator[Message]:
    """Say where cities stand side by side whose rules are not the same."""
    if not {*by} & {"city", "province"}:
        return
    yield from unlike.unknown_rules(lake.counted)
    rules = unlike.other_rules(lake.counted)
    if rules:
        yield say(
            "The rules of these programmes differ ({rules}): voucher report compare says how.",
            rules=", ".join(rules),
        )


def _payments(lake: Lake, by: By, needs: Collection[str], first: First) -> Gathered:
    """What the engine knows, by key."""
    lake.lay(by)
    claimed = _claimed(lake, by) if "claimed" in needs and lake.asked.since is None else None
    if by == ("merchant",) and "funders" not in needs:  # what funders paid is added up over all
        return paid_merchants.gathered(lake, claimed, needs, first)
    sums: dict[Key, Sums] = {}
    for city, _, *row in lake.ask_apart(sql.sums(by)):
        key = _key(by, city, row[:2])
        sums[key] = sums.get(key, NOTHING) + Sums._make(row[2:])
    sums = {key: each for key, each in sums.items() if not each.is_empty}
    counts: tuple[dict[Key, Merchants], Merchants] = ({}, NO_MERCHANTS)
    if "merchants" in needs:
        counts = _merchants(lake, by)
    funders = _funders(lake) if "funders" in needs else []
    places = gathered.opening(lake.scope)
    groups, total = together(by, sums, claimed, counts, places, has_so_far="so_far" in needs)
    shares = _shares(lake, by, funders, groups) if funders else {}
    named = next((place for place, each in enumerate(by) if each in NAMED), None)

    def about(key: Key) -> dict[str, Any]:
        """The name of the place among the keys; merchants have none in a lake."""
        return {} if named is None else {"name": bridges.name_of(key[named])}

    return Gathered(groups, total, about, funders, shares)


def _key(by: By, city: str, keys: Sequence[str]) -> Key:
    """The keys of a row; a name that its city alone gives has the city before it."""
    return tuple(
        f"{city}/{key}" if name in OWN_NAMES and key else key
        for name, key in zip(by, keys, strict=False)
    )


def _merchants(lake: Lake, by: By) -> tuple[dict[Key, Merchants], Merchants]:
    """Merchants paid by key, and in all; those of two cities are two."""
    found: defaultdict[Key, Merchants] = defaultdict(Merchants)
    for city, keys, counts in paid_merchants.counts(lake, by):
        found[_key(by, city, keys)] = paid_merchants.added(found[_key(by, city, keys)], counts)
    total = Merchants()
    for _, _, counts in paid_merchants.counts(lake, ()):
        total = paid_merchants.added(total, counts)
    return found, total


def _claimed(lake: Lake, by: By) -> dict[Key, Claimed]:
    """What was claimed by key, by round where the key has no claims of its own."""
    packs = {row[:3]: row[3] for row in lake.ask_apart(sql.CLAIMS)}
    abouts = {about.round: about for about in lake.scope.rounds.values()}
    name = by[0] if has_claims(by) else "round"
    claimed: dict[Key, Claimed] = {}
    for row in lake.rounds:
        count = packs.get((row["city"], row["programme"], row["code"]))
        if count:
            key = (row[name],)
            claimed[key] = claimed.get(key, Claimed()) + face_of(abouts[row["round"]], count)
    return claimed


def _funders(lake: Lake) -> list[str]:
    """The public funders of all cities; those of one name are one."""
    return [*dict.fromkeys(name for each in lake.counted for name in each.manifest.funders)]


def _shares(
    lake: Lake, by: By, funders: Sequence[str], groups: Collection[Key]
) -> dict[Key, dict[str, int]]:
    """What each public funder paid by key, in fen."""
    shares = {key: dict.fromkeys(funders, 0) for key in groups}
    for city, _, *row in lake.ask_apart(sql.shares(by)):
        key = _key(by, city, row[:2])
        part = shares.setdefault(key, dict.fromkeys(funders, 0))
        part[row[2]] += row[3]
    return shares


# ---------------------------------------------------------------- rounds

ROUNDS = of_rounds.SPEC._replace(none=lambda scope: say("there is no round in these cities"))


def report_rounds(asked: Asked) -> Outcome:
    """The rounds of all cities, as of the last day that each lake has, or of the day asked for.
    Raises as `asking.opened`.
    """
    with asking.opened(asked, needs_day=True) as lake:
        answer = engine.answered(
            ROUNDS, Question(as_of=asked.as_of), lake.scope, lambda *what: gather_rounds(lake)
        )
        return _reported(lake, ROUNDS, answer)


def gather_rounds(lake: Lake) -> Gathered:
    """Each round with its payments, and what its city said of who took part."""
    lake.lay(("round",))
    sums = {row[2]: Sums._make(row[4:]) for row in lake.ask_apart(sql.sums(("round",)))}
    rows = {row["round"]: row for row in lake.rounds}
    groups: dict[Key, Found] = {}
    told: dict[Key, dict[str, Any]] = {}
    for about in lake.scope.rounds.values():
        row = rows[about.round]
        users = {name: row[name] for name in ("users", "claimers")}  # None: too few to be told
        taken_up = Uptake(
            about,
            row["sold_out_at"],
            users["users"] or 0,
            users["claimers"] or 0,
            row["outstanding_fen"],
            None,
        )
        found = Found(
            sums.get(about.round, NOTHING),
            face_of(about, row["claimed"]),
            uptake=taken_up,
            quota_fen=about.packs * about.pack_value_fen,
        )
        groups[about.round,] = found
        told[about.round,] = {**of_rounds.about_of(found), **users}
    return Gathered(groups, about=told.__getitem__)
