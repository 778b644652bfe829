"""What a report asks of a lake: which cities count, up to when, and the engine that answers.

A report reads exactly the files that manifests name. What is missing is said, and makes it partial;
where what an engine finds is not what the cities' own files said, there is no report at all.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.lake import bridges, folders
from vouchercli.ops.lake.checking import missing_city
from vouchercli.ops.lake.engines import answer, answer_apart, engine_of
from vouchercli.ops.lake.library import needed
from vouchercli.ops.reports.dimensions import BRIDGED
from vouchercli.ops.reports.scope import Scope
from vouchercli.result import Problem
from vouchercli.rules import days as law
from vouchercli.rules import lake as rules
from vouchercli.rules import leverage, times
from vouchercli.rules.bridges import province
from vouchercli.rules.leverage import Sums
from vouchercli.store import lake_queries as sql
from vouchercli.store.reports import Round

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from vouchercli.ops.lake.engines import Engine
    from vouchercli.ops.lake.folders import Found
    from vouchercli.ops.reports.dimensions import By

ZONE = times.HOME_ZONE


class Asked(NamedTuple):
    """What is asked of a lake: where it is, who answers, which cities and provinces (codes; none:
    all), which programmes, which cities should be there, which rounds, from when to when (UTC
    seconds, whole days), and when.
    """

    root: Path
    engine: str
    now: int
    places: Sequence[str] = ()
    programme: str | None = None
    expected: Sequence[str] = ()
    only: Sequence[str] = ()
    since: int | None = None
    as_of: int | None = None
    allow_partial: bool = False

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day (yyyymmdd). Raises `UsageFault` lake_whole_days."""
        window = leverage.window(self.since, self.as_of, ZONE)
        if window.partial:
            raise UsageFault(
                "lake_whole_days",
                "a lake holds whole days: --since, --until and --as-of must name days, not hours",
                hint="write them like 2020-03-27",
            )
        return window.first_day, window.last_day


class Lake(NamedTuple):
    """A lake that was opened: the engine, the programmes that count, the rows of their rounds as of
    the moment, what is wrong, the scope of a report.
    """

    asked: Asked
    engine: Engine
    counted: list[Found]
    rounds: list[dict[str, Any]]
    problems: list[Problem]
    scope: Scope

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of an answer. Raises `VoucherError` lake_engine."""
        return answer(self.engine, statement)

    def ask_apart(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The same where each row of the answer is of one city: memory holds one at a time."""
        return answer_apart(self.engine, statement)

    def lay(self, by: By) -> None:
        """Lay down the rounds and days that count, with the keys of these dimensions."""
        beside(self.engine, self.rounds, by, self.asked.days, self.counted)
        if BRIDGED.keys() & {*by}:
            bridges.lay(self.engine, by)

    @property
    def is_partial(self) -> bool:
        """Whether something is missing that nobody allowed to be."""
        return bool(self.problems) and not self.asked.allow_partial


@contextmanager
def opened(asked: Asked, *, needs_day: bool = False) -> Iterator[Lake]:
    """The lake while a report asks it. `needs_day`: only cities count that have rounds, funds and
    residents as of the moment. Raises `UsageFault` lake_whole_days, unknown_engine, `VoucherError`
    no_lake, lake_empty, lake_differs, lake_engine, library_missing, unknown_round.
    """
    needed()
    first, last = asked.days
    engine = engine_of(asked.engine, str(asked.root))
    found, problems = folders.found(asked.root)
    counted = [each for each in found if _is_asked(each, asked)]
    for fault in (_left_out, _not_whole, *([_no_day] if needs_day else [])):
        some = [(each, fault(each, asked)) for each in counted]
        problems += [problem for _, problem in some if problem]
        counted = [each for each, problem in some if not problem]
    problems += [problem for each in counted if (problem := _cut(each, first, last))]
    problems += [
        missing_city(code)
        for code in sorted({*asked.expected} - {each.manifest.city for each in counted})
    ]
    if not counted:
        raise VoucherError(
            "lake_empty",
            "nothing in {folder} can be counted",
            hint="voucher lake list {folder}",
            folder=str(asked.root),
            problems=problems,
        )
    try:
        moments = {each.name: _moment(each, last, needs_day=needs_day) for each in counted}
        rounds = _set_up(engine, counted, moments)
        _compare(engine, counted, rounds, moments, asked)
        if not needs_day:
            rounds = [row | {"known_on": leverage.LAST_DAY} for row in rounds]
        rounds = _chosen(rounds, asked)
        lake = Lake(asked, engine, counted, rounds, problems, _scope(asked, counted, rounds))
        lake.lay(())
        yield lake
    finally:
        engine.close()


# ---------------------------------------------------------------- who counts


def _is_asked(each: Found, asked: Asked) -> bool:
    city = each.manifest.city
    is_place = not asked.places or any(
        city == code or (code.endswith("0000") and city[:2] == code[:2]) for code in asked.places
    )
    return is_place and asked.programme in (None, each.manifest.programme)


def _left_out(each: Found, asked: Asked) -> Problem | None:
    if each.manifest.is_rehearsal:
        text = "{name} comes from a rehearsal: nothing in it is real: left out"
        return Problem("lake_rehearsal", text, params={"name": each.name})
    if each.manifest.currency != "CNY":
        text = "amounts of {name} are in {currency}, not in CNY: left out"
        about = {"name": each.name, "currency": each.manifest.currency}
        return Problem("lake_currency", text, params=about)
    if each.manifest.zone != ZONE:
        text = "days of {name} are those of {zone}, not of {ours}: left out"
        about = {"name": each.name, "zone": each.manifest.zone, "ours": ZONE}
        return Problem("lake_zone", text, params=about)
    return None


def _not_whole(each: Found, asked: Asked) -> Problem | None:
    """A file that is not there, or has another size, leaves its programme out."""
    for file in each.manifest.files:
        path = each.folder / file.path
        if not path.is_file() or path.stat().st_size != file.bytes:
            text = "a file of {name} is missing or was changed: left out"
            hint = "voucher lake check {folder}"
            about = {"name": each.name, "folder": str(asked.root)}
            return Problem("lake_not_whole", text, str(path), hint, params=about)
    return None


def _no_day(each: Found, asked: Asked) -> Problem | None:
    last = asked.days[1]
    if last in (*each.manifest.as_of, leverage.LAST_DAY):
        return None
    text = "{name} has no rounds, funds and residents as of {day}, only of {days}: left out"
    about = {
        "name": each.name,
        "day": times.day_text(last),
        "days": ", ".join(map(times.day_text, each.manifest.as_of)),
    }
    return Problem("lake_no_such_day", text, hint="--as-of one of them", params=about)


def _cut(each: Found, first: int, last: int) -> Problem | None:
    """Of a city that does not reach as far, what it has counts, and it is said."""
    manifest = each.manifest
    if manifest.since and first < manifest.since:
        text = "the lake has {name} from {day} on only"
        about = {"name": each.name, "day": times.day_text(manifest.since)}
        return Problem("lake_begins_late", text, params=about)
    if last != leverage.LAST_DAY and last > manifest.day:
        text = "the lake has {name} up to {day} only"
        hint = "ask city {city} to seal and export: voucher lake export DIR --city {city}"
        about = {"name": each.name, "day": times.day_text(manifest.day), "city": manifest.city}
        return Problem("lake_behind", text, hint=hint, params=about)
    return None


# ---------------------------------------------------------------- its tables


def _set_up(
    engine: Engine, counted: Sequence[Found], moments: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Name the tables, of snapshots those of the moment; gives the rows of rounds."""
    for table, columns in rules.TABLES.items():
        parts: dict[str, list[Path]] = {}
        for each in counted:
            parts.setdefault(each.manifest.city, []).extend(
                each.folder / file.path
                for file in each.manifest.of(table)
                if table not in rules.SNAPSHOTS or file.last == moments[each.name]
            )
        engine.files(table, columns, parts)
    names = [*rules.TABLES["rounds"]]
    rows = answer(engine, sql.ALL_ROUNDS)
    return [_named(dict(zip(names, row, strict=True)), counted) for row in rows]


def _moment(each: Found, last: int, *, needs_day: bool) -> int:
    """The day of which the rounds of a programme are told: that of the report where it needs it,
    else the last one, which knows every round and merchant that was paid.
    """
    return last if needs_day and last in each.manifest.as_of else each.manifest.day


def _named(row: dict[str, Any], counted: Sequence[Found]) -> dict[str, Any]:
    """A round with the names that it has among those of other cities."""
    city = row["city"]
    several = sum(each.manifest.city == city for each in counted) > 1
    prefix = f"{city}/{row['programme']}/" if several else f"{city}/"
    return {
        **row,
        "code": row["round"],
        **{name: prefix + row[name] for name in ("round", "family", "template")},
        "province": province(city),
        "known_on": row["as_of"],
    }


def beside(
    engine: Engine,
    rounds: Sequence[dict[str, Any]],
    by: By,
    days: tuple[int, int],
    counted: Sequence[Found],
) -> None:
    """Lay down the small tables: the rounds and days that count, with their keys."""

    names = [*by, "", ""][:2]
    engine.rows(
        "asked_rounds",
        sql.ROUNDS,
        [
            (
                *(row[name] for name in ("city", "programme", "code")),
                *(str(row[name]) if name in OF_ROUND else "" for name in names),
                row["known_on"],
            )
            for row in rounds
        ],
    )
    first = max(days[0], min(_first_day(each) for each in counted))
    last = min(days[1], max(each.manifest.day for each in counted))
    engine.rows(
        "asked_days",
        sql.DAYS,
        [
            (day, *(leverage.calendar_key(name, day) if name in CALENDAR else "" for name in names))
            for day in law.each_day(first, last)
        ],
    )


CALENDAR = leverage.CALENDAR
OF_ROUND = ("round", "family", "template", "platform", "city", "province")


def _first_day(each: Found) -> int:
    """Nothing was paid before it: programmes are younger."""
    return each.manifest.since or min(each.manifest.first_day, 20_000_101)


def _chosen(rounds: list[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """The rounds that are asked for, by their code in their city or with the city before it."""
    if not asked.only:
        return rounds
    for code in asked.only:
        if not any(code in (row["code"], row["round"], row["family"]) for row in rounds):
            raise VoucherError(
                "unknown_round",
                "there is no round {round}",
                hint="voucher report rounds --lake {folder}",
                round=code,
                folder=str(asked.root),
            )
    return [row for row in rounds if {row["code"], row["round"], row["family"]} & {*asked.only}]


def _scope(asked: Asked, counted: Sequence[Found], rounds: Sequence[dict[str, Any]]) -> Scope:
    ordered = sorted(rounds, key=lambda row: (row["opens_at"], row["city"], row["position"]))
    programmes = {each.name for each in counted}
    title = programmes.pop() if len(programmes) == 1 else str(asked.root)
    percentages = {name: None for each in counted for name in each.manifest.percentages}
    return Scope(
        {"programme": title, "time_zone": ZONE},  # type: ignore[arg-type] # of no database
        {place: _round(place, row) for place, row in enumerate(ordered)},
        asked.since,
        asked.as_of,
        not asked.only,
        asked.now,
        percentages=tuple(percentages),
    )


def _round(place: int, row: dict[str, Any]) -> Round:
    return Round(place, *(row[name] for name in Round._fields[1:]))


# ---------------------------------------------------------------- the same as the cities said


def _compare(
    engine: Engine,
    counted: Sequence[Found],
    rounds: Sequence[dict[str, Any]],
    moments: Mapping[str, int],
    asked: Asked,
) -> None:
    """What the engine finds is what the manifests add up, and of each round what its city's own
    file said of the moment; no other round was paid. Raises `LakeDiffers` lake_differs.
    """
    paid = [*answer_apart(engine, sql.ALL_PAYMENTS)]
    problems = [
        *_differences(engine, rounds, counted),
        *_totals(paid, counted),
        *_without_rounds(paid, rounds, moments),
    ]
    if problems:
        raise LakeDiffersError(
            "lake_differs",
            "the engine finds other figures than the cities' own files: there is no report",
            hint="voucher lake check {folder}",
            folder=str(asked.root),
            problems=problems,
        )


class LakeDiffersError(VoucherError):
    """A check has failed."""

    exit_code = 5


def _differences(
    engine: Engine, rounds: Sequence[dict[str, Any]], counted: Sequence[Found]
) -> Iterator[Problem]:
    """Each round counts what was booked up to the moment of which its city's file speaks."""
    beside(engine, rounds, ("round",), (0, leverage.LAST_DAY), counted)
    heads = {(each.manifest.city, each.manifest.programme): each.manifest for each in counted}
    sums = {
        key: Sums(*found) for _, _, key, _, *found in answer_apart(engine, sql.sums(("round",)))
    }
    claims = {(row[0], row[1], row[2]): row[3] for row in answer_apart(engine, sql.CLAIMS)}
    for row in rounds:
        whose = row["city"], row["programme"]
        found = dict(zip(rules.SUMS, sums.get(row["round"], Sums()), strict=True))
        if not heads[whose].since:
            found["claimed"] = claims.get((*whose, row["code"]), 0)
        wrong = [name for name, value in found.items() if value != row[name]]
        if wrong:
            about = {"round": row["round"], "what": ", ".join(wrong)}
            text = "of {round}, {what} is not what its city's own file said"
            yield Problem("lake_differs", text, params=about)


def _totals(paid: Sequence[tuple[Any, ...]], counted: Sequence[Found]) -> Iterator[Problem]:
    """Payments as the manifests add them up."""
    names = rules.summed("payments")
    found: dict[tuple[str, str], list[int]] = {}
    for city, programme, _, _, *sums in paid:
        before = found.get((city, programme), [0] * len(names))
        found[city, programme] = [one + more for one, more in zip(before, sums, strict=True)]
    for each in counted:
        files = each.manifest.of("payments")
        said = [sum(file.sums[name] for file in files) for name in names]
        whose = each.manifest.city, each.manifest.programme
        if found.get(whose, [0] * len(names)) != said:
            about = {"round": each.name, "what": "payments"}
            yield Problem(
                "lake_differs", "of {round}, {what} is not what its manifest says", params=about
            )


def _without_rounds(
    paid: Sequence[tuple[Any, ...]],
    rounds: Sequence[dict[str, Any]],
    moments: Mapping[str, int],
) -> Iterator[Problem]:
    """Rounds that were paid up to the moment and that the city's own file did not speak of: what
    was paid there would count nowhere.
    """
    known = {(row["city"], row["programme"], row["code"]) for row in rounds}
    for city, programme, code, first_booked, *_ in paid:
        moment = moments[f"{city}/{programme}"]
        if first_booked <= moment and (city, programme, code) not in known:
            text = "{round} has payments, and its city's own file did not speak of it"
            yield Problem("lake_differs", text, params={"round": f"{city}/{programme}/{code}"})
