"""report nation: files of cities' figures pooled in fen, with what each covers and what does not
match.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats import whole_files
from vouchercli.formats.configs import divisions
from vouchercli.ops.reports import engine
from vouchercli.ops.reports.gathered import Gathered
from vouchercli.ops.reports.measures import FORMULAS, MEANINGS, Found, columns
from vouchercli.ops.reports.scope import Scope
from vouchercli.ops.reports.spans import Title
from vouchercli.ops.reports.specs import Answer, Part, Spec
from vouchercli.result import EVERYWHERE, JSON, Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import bridges, figures, leverage, times
from vouchercli.rules.canonical import own_digest
from vouchercli.rules.leverage import Claimed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vouchercli.ops.reports.dimensions import Key
    from vouchercli.rules.figures import City

SPEC = Spec(
    by=("city",),
    title=Title(now="Cities together, as their files say, at {now}", as_of=""),
    none=lambda scope: say("no file could be counted"),
    parts=(
        Part(
            (
                Column("name", "Name"),
                Column("packs", "Packs", "int"),
                *columns(
                    "claimed", "redemptions", "base_fen", "subsidy_fen", "platform_fen", "match_fen"
                ),
                *columns("own_fen", "gross", "own_spend", "floor"),
            ),
            notes=FORMULAS,
            key="rows",
            total_key="total",
        ),
    ),
)
COVERAGE = (
    Column("city", "City"),
    Column("programme", "Programme"),
    Column("as_of", "Up to", "end"),
    Column("rounds", "Rounds", "int"),
    Column("state", "State", "word"),
    Column("proof", "Chain", "word"),
    Column("file", "File"),
)
NEEDS = frozenset(("sums", "claimed", "names"))
COUNTED, REPLACED, LEFT_OUT = Word("counted"), Word("replaced"), Word("left out")
NO_FILE = Word("no file")


class Sent(NamedTuple):
    """A file and what it says (None: it is left out for its problem)."""

    file: str
    city: City | None
    problem: Problem | None = None


def report_nation(
    files: Sequence[Path], expected: Sequence[str], now: int, *, allow_partial: bool
) -> Outcome:
    """Figures of many cities together; `expected` are codes of cities that should be there. What
    does not match is left out and said; then the report is partial. Raises as `whole_files.read`.
    """
    sent = _settle([_read(path) for path in files])
    counted = [each.city for each in sent if each.city and not each.problem]
    missing = sorted({*expected} - {each.city for each in counted})
    problems = [each.problem for each in sent if each.problem]
    problems += [_missing(code) for code in missing]
    scope = Scope(
        {"programme": "", "time_zone": times.HOME_ZONE},  # type: ignore[arg-type] # of no database
        *({}, None, None, True, now),
    )
    tables = [
        table
        for spec, gathered in (
            (SPEC, _gathered(counted, lambda each: each.city)),
            (_provinces(counted), _gathered(counted, _province)),
        )
        for table in engine.tables(spec, Answer(spec.by, scope, gathered, NEEDS))
    ]
    is_partial = any(each.level == "error" for each in problems) and not allow_partial
    return Outcome(
        {"cities": len({each.city for each in counted}), "missing": missing},
        (*_with_packs(tables, counted), _coverage(sent, missing)),
        () if counted else (SPEC.none(scope),),
        tuple(problems),
        "partial" if is_partial else "ok",
    )


def _province(city: City) -> str:
    return bridges.province(city.city)


def _provinces(counted: Sequence[City]) -> Spec:
    """The same by province; on a screen only where there are several."""
    several = len({*map(_province, counted)}) > 1
    part = SPEC.parts[0]._replace(
        title=say("By province"),
        key="provinces",
        notes=(),
        where=EVERYWHERE if several else JSON,
        has_total=False,
    )
    return SPEC._replace(by=("province",), parts=(part,))


def _gathered(counted: Sequence[City], key_of: Callable[[City], str]) -> Gathered:
    groups: dict[Key, Found] = {}
    about: dict[Key, dict[str, Any]] = {}
    for code in sorted({*map(key_of, counted)}):
        own = [each for each in counted if key_of(each) == code]
        groups[code,] = _found(own)
        name = own[-1].name if code == own[-1].city else ""
        about[code,] = {
            "name": name or divisions.names_in_force().get(code, ""),
            "packs": sum(each.packs for each in own),
        }
    return Gathered(groups, _found(counted), about.__getitem__)


def _found(cities: Sequence[City]) -> Found:
    claimed = Claimed(sum(each.claimed for each in cities))
    return Found(leverage.pooled(each.sums for each in cities), claimed)


def _with_packs(tables: Sequence[Table], counted: Sequence[City]) -> Iterator[Table]:
    for each in tables:
        if each.total is not None:
            each.total["packs"] = sum(city.packs for city in counted)
        yield each


# ---------------------------------------------------------------- files


def _read(path: Path) -> Sent:
    name = str(path)
    try:
        document = json.loads(whole_files.read(path).decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        return Sent(name, None, Problem("figures_no_json", _NO_JSON, f"{name}:{line}", _HINT))
    if not isinstance(document, dict) or document.get("voucher_figures") != figures.VERSION:
        return Sent(name, None, Problem("figures_version", _VERSION, name, _HINT))
    if place := figures.malformed(document):
        return Sent(
            name,
            None,
            Problem("figures_malformed", _MALFORMED, name, _HINT, params={"place": place}),
        )
    return Sent(name, figures.read(document), _fault(document, name))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key stands twice: nobody could say which is meant."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


_NO_JSON = "it is not JSON, or a key stands twice: left out"
_VERSION = "it is no file of figures of version 1: left out"
_MALFORMED = "{place} is missing or is not what docs/figures.md describes: left out"
_HINT = "ask who sent it for another one"


def _fault(document: dict[str, Any], name: str) -> Problem | None:
    """Why a file that can be read is not counted; None: it is."""
    if document.get("sha256") not in (None, own_digest(document)):
        return Problem(
            "figures_digest", "its digest does not fit what it says: left out", name, _HINT
        )
    if document.get("is_rehearsal"):
        return Problem(
            "figures_rehearsal", "it comes from a rehearsal: nothing in it is real: left out", name
        )
    if document["currency"] != figures.CURRENCY:
        about = {"currency": document["currency"]}
        return Problem(
            "figures_currency",
            "its amounts are in {currency}, not in CNY: left out",
            name,
            _HINT,
            params=about,
        )
    if key := figures.differing(document, MEANINGS):
        return Problem(
            "figures_definition",
            "it means something else by {key}: left out",
            name,
            _HINT,
            params={"key": key},
        )
    if key := figures.not_adding_up(document):
        return Problem(
            "figures_sums",
            "{key} is not what its parts come to: left out",
            name,
            _HINT,
            params={"key": key},
        )
    return None


def _settle(sent: Sequence[Sent]) -> list[Sent]:
    """Of each programme of a city one file counts: the one that goes furthest. Two that say
    different things of one moment are both left out, and so are those with one chain.
    """
    return [each if each.problem or each.city is None else _judge(each, sent) for each in sent]


def _judge(one: Sent, sent: Sequence[Sent]) -> Sent:
    others = [each for each in sent if each is not one and each.city and not each.problem]
    for other in others:
        assert one.city is not None
        assert other.city is not None
        problem = _against(
            one, one.city, other, other.city, is_first=sent.index(one) < sent.index(other)
        )
        if problem is not None:
            return one._replace(problem=problem)
    return one


def _against(one: Sent, city: City, other: Sent, theirs: City, *, is_first: bool) -> Problem | None:
    """Why a file does not count beside another one; None: it does."""
    about = {"other": other.file}
    if (city.city, city.programme) != (theirs.city, theirs.programme):
        if not city.day or city.day != theirs.day:
            return None
        text = "{other} has the same chain under another name: both are left out"
        return Problem("figures_same_chain", text, one.file, _HINT, params=about)
    if city.as_of == theirs.as_of and city.digest != theirs.digest:
        text = "{other} says something else of the same city and moment: both are left out"
        return Problem("figures_contradict", text, one.file, _HINT, params=about)
    if city.as_of > theirs.as_of or (city.as_of == theirs.as_of and is_first):
        return None
    text = "{other} is of the same city and takes its place"
    return Problem("figures_replaced", text, one.file, level="warning", params=about)


def _missing(code: str) -> Problem:
    return Problem(
        "figures_missing",
        "nothing of city {city} is counted",
        hint="ask city {city} for its file: voucher programme export CODE --figures",
        params={"city": code},
    )


def _coverage(sent: Sequence[Sent], missing: Sequence[str]) -> Table:
    rows = [_covered(each) for each in sent]
    rows += [
        {**dict.fromkeys(each.key for each in COVERAGE), "city": code, "state": NO_FILE}
        for code in missing
    ]
    notes = (
        say(
            "A chain that is stated can be proved by its city alone: voucher audit verify --head"
            " HEAD."
        ),
    )
    return Table(say("What is covered"), COVERAGE, rows, notes=notes, key="coverage")


def _covered(each: Sent) -> dict[str, Any]:
    city = each.city
    state = COUNTED
    if each.problem:
        state = REPLACED if each.problem.level == "warning" else LEFT_OUT
    about = {key: getattr(city, key, None) for key in ("city", "programme", "as_of", "rounds")}
    proof = Word("stated") if city and (city.day or city.log) else Word("not proved")
    return {**about, "state": state, "proof": proof, "file": each.file}
