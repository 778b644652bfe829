"""audit sample: so many are drawn, from all that was paid on signed days, that what is found at
them says something of the whole. Size and population are in the log before anything is drawn.
"""

from __future__ import annotations

import heapq
import re
from collections import deque
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli import identities
from vouchercli.errors import Busy, UsageFault, VoucherError
from vouchercli.formats import whole_files
from vouchercli.ops import amounts
from vouchercli.ops.amounts import percent
from vouchercli.ops.auditing import sample_sheets
from vouchercli.ops.auditing.sample_tables import WHAT_WORDS
from vouchercli.result import Outcome, say
from vouchercli.rules import money, times
from vouchercli.rules import money_samples as by_money
from vouchercli.rules import samples as law
from vouchercli.rules.samples import Plan
from vouchercli.store import audit, programmes
from vouchercli.store import samples as store
from vouchercli.store.db import reading, writing
from vouchercli.store.samples import Population

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from vouchercli.result import Message
    from vouchercli.rules.money_samples import Cut
    from vouchercli.rules.samples import Drawn, Terms
    from vouchercli.session import Session
    from vouchercli.store.samples import Signed

METHODS = ("items", "money")
NEEDS_QUOTES = re.compile('[,"\r\n]')
HEAD = "number,amount_yuan\n"


class Wanted(NamedTuple):
    """What is drawn: `what`, of the days `first` to `last` (yyyymmdd; None: open), by these terms
    and this seed ('': the head of the log); where the sheet and the list of all go.
    """

    what: str
    terms: Terms
    first: int | None = None
    last: int | None = None
    seed: str = ""
    sheet: Path | None = None
    population: Path | None = None
    language: str = "en"  # of the sheet
    method: str = "items"  # `money`: each yuan has the same chance, not each item


def is_of_results(results: Path | None, margin: str | None, *others: object) -> bool:
    """Whether results are entered, not a sample drawn. Raises `margin_or_results`."""
    if (results is None) == (margin is None) or (results is not None and any(others)):
        raise UsageFault(
            "margin_or_results",
            "say how much may be wrong, to draw a sample: --margin 5; or what was found:"
            " --results FILE alone",
            hint="voucher audit sample --help",
        )
    return results is not None


def require_number(sheet: Path | None) -> None:
    """Raises `UsageFault` sample_needed where a sheet is asked for and no sample named."""
    if sheet is not None:
        raise UsageFault(
            "sample_needed",
            "say whose sheet is written: the number of the sample",
            hint="voucher audit samples 1 --to {file}",
            file=str(sheet),
        )


def read_what(text: str) -> str:
    """What is drawn. Raises `UsageFault` unknown_population."""
    if text not in WHAT_WORDS:
        raise UsageFault(
            "unknown_population",
            "no sample can be drawn of {what}",
            hint="--what {known}",
            what=text,
            known="|".join(WHAT_WORDS),
        )
    return text


def read_method(text: str) -> str:
    """How it is drawn. Raises `UsageFault` unknown_method."""
    if text not in METHODS:
        raise UsageFault(
            "unknown_method",
            "there is no way to draw called {method}",
            hint="--method {known}",
            method=text,
            known="|".join(METHODS),
        )
    return text


def read_terms(confidence: str, margin: str, expected: str) -> Terms:
    """The terms in basis points, of texts in per cent. Raises `UsageFault` bad_percentage."""
    terms = law.Terms(
        amounts.read_percent("--confidence", confidence, 5_000, 9_999),
        amounts.read_percent("--margin", margin, 1, 9_999),
        amounts.read_percent("--expected", expected, 0, 9_998),
    )
    if terms.expected_bp >= terms.margin_bp:
        raise UsageFault(
            "expected_above_margin",
            "--expected must be less than --margin: else no sample shows that the margin is kept",
            hint="voucher audit sample --margin 5 --expected 1",
        )
    return terms


def draw(session: Session, wanted: Wanted) -> Outcome:
    """Draw a sample and keep it. The size and the population are stated in the log first, by a
    transaction of their own; its line is the seed, unless one is given. Raises `nothing_signed`,
    `empty_population`, `sample_too_large`, `seed_names_a_person`, `file_exists`, `empty_window`.
    """
    _refuse(wanted)
    with reading(session) as db:
        row = programmes.current(db, session.programme)
        asked = _ask(row, _signed(db, row), wanted)
        units = _units(wanted) if wanted.method == "money" else None
        of, largest = _look(session, asked, wanted, units.size if units else 0)
    _require_some(of, wanted)
    cut = by_money.cut(of.fen, largest, units.size) if units else None
    plan = Plan(cut.size, units.allowed) if units and cut else _plan(of, wanted)
    with writing(session) as db:
        stated = _state(wanted, asked, of, plan, cut)
        audit.note(session, "audit.plan", row["programme"], **stated)
        head = audit.last(db)
        assert head is not None  # the line just written
    seed = wanted.seed or head.hash
    drawn = _draw(session, asked, wanted.what, of, seed, cut or plan.size)
    with writing(session) as db:
        digest = sha256("".join(f"{each.number}\n" for each in drawn).encode()).hexdigest()
        about = (wanted.first, asked["last"]), wanted.terms, plan, of, seed, digest, wanted.method
        sample = store.add(session, row["programme_id"], wanted.what, *about)
        store.add_items(db, sample, drawn)
        logged = {"sample": sample, "seed": seed, "items_sha256": digest}
        audit.note(session, "audit.sample", row["programme"], **logged)
    if wanted.sheet is not None and not session.dry_run:
        sample_sheets.write(session, sample, wanted.sheet, wanted.language)
    return _answer(session, wanted, sample, stated, seed, units)


def _refuse(wanted: Wanted) -> None:
    """Refuse before anything is counted what cannot be done at its end."""
    for path in (wanted.sheet, wanted.population):
        if path is not None and path.exists():
            raise whole_files.in_the_way(path)
    if wanted.sheet is not None:
        sample_sheets.form_of(wanted.sheet)
    if identities.find(wanted.seed):
        raise UsageFault(
            "seed_names_a_person",
            "the seed looks like a person's number: it is kept and shown",
            hint="take another text, or leave --seed out",
        )


def _signed(db: sqlite3.Connection, row: sqlite3.Row) -> Signed:
    found = store.signed(db, row["programme_id"])
    if found is None:
        raise VoucherError(
            "nothing_signed",
            "no day of {programme} is signed: only what is signed can be drawn",
            hint="voucher day sign DAY --actor NAME",
            programme=row["programme"],
        )
    return found


def _ask(row: sqlite3.Row, signed: Signed, wanted: Wanted) -> dict[str, int]:
    """What the statement of the population is asked. Raises `empty_window`."""
    last = signed.day if wanted.last is None else min(signed.day, wanted.last)
    first = wanted.first or 0
    if first > last:
        raise UsageFault(
            "empty_window",
            "--since is later than the last signed day, {day}",
            hint="voucher day list",
            day=times.day_text(last),
        )
    zone = row["time_zone"]
    return {
        "programme_id": row["programme_id"],
        "first": first,
        "last": last,
        "begins_at": times.day_bounds(first, zone)[0] if first else -times.END_OF_TIME,
        "ends_at": times.day_bounds(last, zone)[1],
        "last_claim_id": signed.last_claim_id,
        "last_redemption_id": signed.last_redemption_id,
    }


class _Tally:
    """Counts, adds up and seals what may be drawn, as it passes."""

    def __init__(self, rows: Iterable[tuple[str, int]], keeps: int = 0) -> None:
        self._rows, self._digest = rows, sha256(HEAD.encode())
        self._keeps, self._heap = keeps, list[int]()
        self._count = self._fen = self._largest = 0

    def lines(self) -> Iterator[str]:
        """The list of all as CSV, line by line."""
        yield HEAD
        for number, fen in self:
            yield _line(number, fen)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for number, fen in self._rows:
            self._count += 1
            self._fen += fen
            self._largest = max(self._largest, fen)
            self._digest.update(_line(number, fen).encode())
            if len(self._heap) < self._keeps:
                heapq.heappush(self._heap, fen)
            elif self._keeps and fen > self._heap[0]:
                heapq.heapreplace(self._heap, fen)
            yield number, fen

    @property
    def largest(self) -> list[int]:
        """The largest amounts that passed, the largest first."""
        return sorted(self._heap, reverse=True)

    @property
    def sums(self) -> Population:
        """What has passed."""
        return Population(self._count, self._fen, self._largest, self._digest.hexdigest())


def _line(number: str, fen: int) -> str:
    quoted = '"' + number.replace('"', '""') + '"' if NEEDS_QUOTES.search(number) else number
    return f"{quoted},{money.yuan(fen)}\n"


def _look(
    session: Session, asked: dict[str, int], wanted: Wanted, keeps: int
) -> tuple[Population, list[int]]:
    """All that may be drawn, and the largest amounts of it; its list is written where it is asked
    for.
    """
    tally = _Tally(store.population(session.db, wanted.what, **asked), keeps)
    if wanted.population is None or session.dry_run:
        deque(tally, maxlen=0)
    else:
        whole_files.write_lines(wanted.population, tally.lines())
    return tally.sums, tally.largest


def _draw(
    session: Session,
    asked: dict[str, int],
    what: str,
    of: Population,
    seed: str,
    size: int | Cut,
) -> list[Drawn]:
    """What is drawn. Raises `Busy` when the population is another one than was stated."""
    with reading(session) as db:
        tally = _Tally(store.population(db, what, **asked))
        if isinstance(size, int):
            drawn = law.drawn(seed, tally, size)
        else:
            drawn = by_money.draw(seed, tally, size)
    if tally.sums != of:
        raise Busy(
            "population_changed",
            "rows were corrected while the sample was drawn; nothing was drawn",
            hint="run the same command again",
        )
    return drawn


def _require_some(of: Population, wanted: Wanted) -> None:
    if not of.rows or (wanted.method == "money" and of.fen <= 0):
        raise VoucherError(
            "empty_population",
            "there are no {what} on signed days of this period: nothing can be drawn",
            hint="voucher day list",
            what=WHAT_WORDS[wanted.what],
        )


def _plan(of: Population, wanted: Wanted) -> Plan:
    plan = law.plan(of.rows, wanted.terms)
    if plan is None:
        raise _too_large(wanted.terms)
    return plan


def _units(wanted: Wanted) -> Plan:
    plan = by_money.plan(wanted.terms)
    if plan is None:
        raise _too_large(wanted.terms)
    return plan


def _too_large(terms: Terms) -> UsageFault:
    return UsageFault(
        "sample_too_large",
        "more than {most:,} would have to be drawn: --expected {expected} is too near to"
        " --margin {margin}",
        hint="take a larger margin, or expect less",
        most=law.MOST,
        expected=percent(terms.expected_bp),
        margin=percent(terms.margin_bp),
    )


def _state(
    wanted: Wanted, asked: dict[str, int], of: Population, plan: Plan, cut: Cut | None
) -> dict[str, Any]:
    """What is stated before anything is drawn."""
    money_cut = {"method": "money", **cut._asdict()} if cut else {}
    return {
        **money_cut,
        "what": wanted.what,
        "first_day": None if wanted.first is None else times.day_text(wanted.first),
        "last_day": times.day_text(asked["last"]),
        "confidence_bp": wanted.terms.confidence_bp,
        "margin_bp": wanted.terms.margin_bp,
        "expected_bp": wanted.terms.expected_bp,
        "size": plan.size,
        "allowed": plan.allowed,
        "population": of.rows,
        "population_fen": of.fen,
        "largest_fen": of.largest_fen,
        "population_sha256": of.sha256,
    }


def _answer(
    session: Session,
    wanted: Wanted,
    sample: int,
    stated: dict[str, Any],
    seed: str,
    units: Plan | None,
) -> Outcome:
    says = _say_plan(wanted, stated) if units is None else _say_money(wanted, stated, units)
    sheet = None if wanted.sheet is None or session.dry_run else str(wanted.sheet)
    if not session.dry_run:
        says.append(say("sample {sample} is drawn by the seed {seed}", sample=sample, seed=seed))
        if sheet is None:
            hint = say(
                "next: voucher audit samples {sample} --to sample-{sample}.xlsx", sample=sample
            )
        else:
            hint = say(
                "fill in {file}, then: voucher audit sample --results {file} --actor NAME",
                file=sheet,
            )
        says.append(hint)
    data = {"sample": None if session.dry_run else sample, "method": wanted.method, **stated}
    data["sheet"] = sheet
    data["seed"] = None if session.dry_run else seed
    return Outcome(data, says=tuple(says))


def _say_plan(wanted: Wanted, stated: dict[str, Any]) -> list[Message]:
    terms = wanted.terms
    return [
        say(
            "stated before: {size:,} of {population:,} {what} up to {last}; if at most {allowed}"
            " of them are wrong, at most {margin} % of all are, with a confidence of"
            " {confidence} %",
            size=stated["size"],
            population=stated["population"],
            what=WHAT_WORDS[wanted.what],
            last=stated["last_day"],
            allowed=stated["allowed"],
            margin=percent(terms.margin_bp),
            confidence=percent(terms.confidence_bp),
        ),
        say(
            "formula: the smallest n for which the chance to find at most {allowed} wrong ones"
            " among n drawn of {population:,}, of which {wrong:,} are wrong, is at most {risk} %"
            " (hypergeometric)",
            allowed=stated["allowed"],
            population=stated["population"],
            wrong=law.tolerable(stated["population"], terms.margin_bp) + 1,
            risk=percent(law.WHOLE - terms.confidence_bp),
        ),
    ]


def _say_money(wanted: Wanted, stated: dict[str, Any], units: Plan) -> list[Message]:
    terms = wanted.terms
    about = {"margin": percent(terms.margin_bp), "confidence": percent(terms.confidence_bp)}
    return [
        say(
            "stated before: {size:,} of {population:,} {what} up to {last}, drawn by money:"
            " {certain:,} as large as an interval or larger, all of them, and {drawn:,} of the"
            " others; if {allowed} of these are wholly wrong, at most {margin} % of the money is,"
            " with a confidence of {confidence} %",
            what=WHAT_WORDS[wanted.what],
            last=stated["last_day"],
            **{name: stated[name] for name in ("size", "population", "certain", "drawn")},
            allowed=units.allowed,
            **about,
        ),
        say(
            "formula: n = {units}, the smallest for which R({allowed}) = {factor} is at most n x"
            " {margin} %; R is the factor of Poisson at {confidence} %, an interval all the money"
            " by n",
            units=units.size,
            allowed=units.allowed,
            factor=f"{by_money.factor(units.allowed, terms.confidence_bp):.2f}",
            **about,
        ),
    ]
