"""`risk scan`: the rules look at every merchant with payments. What they point at is kept with the
rows that it rests on; the same file, thresholds and moment give the same findings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli import __version__
from vouchercli.errors import Busy, VoucherError
from vouchercli.ops.setup import staff
from vouchercli.result import JSON, Column, Message, Outcome, Table, Word, only, say
from vouchercli.rules import doors, risk, times
from vouchercli.store import audit, audit_lines, programmes, risk_facts, risk_given, scan_peers
from vouchercli.store import findings as store
from vouchercli.store.db import reading, writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from vouchercli.ops.risk.found import Found
    from vouchercli.ops.risk.look import Given
    from vouchercli.ops.risk.measures import Scanned
    from vouchercli.rules.fences import Segment
    from vouchercli.rules.risk import Terms
    from vouchercli.session import Session
    from vouchercli.store.findings import Scan

DAY = 86_400
WHOLE = 1  # a decimal with 4 places below, else a count

SCAN = (
    Column("scan", "No.", "int"),
    Column("as_of_at", "Payments up to", "time"),
    Column("sealed_day", "Sealed up to", "date"),
    Column("payments", "Payments", "int"),
    Column("merchants", "Merchants", "int"),
    Column("amount_fen", "Subsidy", "fen"),
    Column("findings", "Findings", "int"),
    Column("candidates", "Candidates for a case", "int"),
    Column("rules_sha256", "Rules and thresholds"),
    Column("sha256", "Digest of the findings"),
    *only(JSON, "last_redemption_id", kind="int"),
    *only(JSON, "made_by"),
    *only(JSON, "made_at", kind="time"),
)
LOOKED = (
    Column("rule", "Rule"),
    Column("words", "What it looks for", "word", where=("table", "csv")),
    Column("found", "Found", "int"),
    Column("told", "Not looked at", "sentence"),
    Column("source", "Source", "word", where=("csv",)),
)
TOLD: dict[str, Word] = {
    "no_identities": Word("applications give no device, mobile, card or account"),
    "no_refunds": Word("no refund came in"),
    "no_serials": Word("no row was refused because its serial number was used"),
    "off": Word("the programme has switched it off"),
    "no_turnover": Word("no series has turnover of these merchants before"),
    "no_prices": Word("no good with a price was sold in two rounds"),
    "no_places": Word("the programme's file says of no two merchants where they lie"),
}


class Looked(NamedTuple):
    """What the rules found, by rule and the place of a merchant or of a person, and what they could
    not look at.
    """

    found: dict[str, Mapping[int, Found]]
    told: list[dict[str, Any]]


class Measured(NamedTuple):
    """A scan before it is written: what it looked at (fields of `Scan`), its findings with their
    rows, whom it compared with, and the last line of the log that it saw.
    """

    about: dict[str, Any]
    found: list[store.Frozen]
    peers: list[scan_peers.Kept]
    last_line: int


def scan(session: Session, as_of: int | None = None) -> Outcome:
    """Look for abuse among the payments up to `as_of` (UTC seconds; None: now). Raises
    `nothing_to_scan`, `no_numpy`.
    """
    row = programmes.current(session.db, session.programme)
    programme = programmes.value(row)
    staff.require(session, programme, doors.DOOR["risk scan"])
    terms = programme.risk or risk.USUAL
    with reading(session):  # measured without the write lock: others write meanwhile
        measured = _measure(session, row, terms, session.now if as_of is None else as_of)
    with writing(session):
        made = _keep(session, row["programme_id"], measured)
        audit.note(
            session,
            "risk.scan",
            str(made.scan),
            programme=row["programme"],
            program=f"voucher {__version__}",
            rules_sha256=made.rules_sha256,
            last_redemption_id=made.last_redemption_id,
            last_line=measured.last_line,
            findings=made.findings,
            candidates=made.candidates,
            sha256=made.sha256,
            peers_sha256=scan_peers.digest(measured.peers),
        )
    return _answer(made, row["time_zone"])


def _measure(session: Session, row: programmes.Row, terms: Terms, as_of_at: int) -> Measured:
    """What the rules find in the file as it stands."""
    db = session.db
    span = risk_facts.Span(row["programme_id"], as_of_at, risk_facts.last_row(db))
    look = _load(db, span, terms, row["time_zone"])
    looked = _look(look)
    about = {
        "as_of_at": span.as_of_at,
        "last_redemption_id": span.last_redemption_id,
        "sealed_day": risk_facts.sealed_day(db, span.programme_id),
        "payments": look.all.size,
        "merchants": look.merchants,
        "amount_fen": look.all.amount_fen,
        "rules_sha256": terms.digest,
        "terms": terms.document,
        "looked": looked.told,
    }
    frozen = store.freeze(db, _findings(look, looked), span)
    peers = [each.kept for each in _peers(look, looked)]
    return Measured(about, frozen, peers, audit_lines.last(db))


def _keep(session: Session, programme_id: int, measured: Measured) -> Scan:
    """Write a scan down. Raises `Busy` where a merchant that it names is no longer there."""
    db = session.db
    if store.has_lost_merchants(db, measured.found):
        raise Busy(
            "merchants_gone",
            "merchants that the scan names were removed while it ran: it was not kept",
            hint="run the same command again",
        )
    number = store.add_scan(session, programme_id, measured.about, measured.found)
    scan_peers.add(db, number, measured.peers)
    made = store.scan(db, programme_id, number)
    assert made is not None  # just written
    return made


def _load(db: sqlite3.Connection, span: risk_facts.Span, terms: Terms, zone: str) -> Scanned:
    """The payments by columns. Raises `nothing_to_scan`, `no_numpy`."""
    try:
        from vouchercli.ops.risk import columns, measures  # numpy: a tenth of a second
    except ImportError as error:
        raise VoucherError(
            "no_numpy",
            "this machine has no numpy, and a scan works with it",
            hint="copy the file to a machine that has it, and scan it there",
        ) from error
    payments = columns.load(db, span)
    if not payments.size:
        raise VoucherError(
            "nothing_to_scan",
            "no payment stands up to then",
            hint="take in the redemptions first: voucher redemption import FILE",
        )
    first_on = times.day_of(int(payments.paid_at.min()), zone)
    begins = times.day_bounds(times.day_of(span.as_of_at, zone), zone)[0]
    return measures.Scanned(payments, terms, -begins % DAY, _given(db, span, terms, first_on))


def _given(db: sqlite3.Connection, span: risk_facts.Span, terms: Terms, first_on: int) -> Given:
    """What only some files say."""
    import numpy as np

    from vouchercli.ops.risk.look import Given

    return Given(
        risk_facts.serials(db, span),
        risk_facts.has_persons(db, span),
        risk_given.turnovers(db, first_on),
        risk_given.prices(db, span),
        lambda price: risk_given.sold(db, span, price),
        np.fromiter(risk_given.online(db), np.int64) if terms.places else (),
    )


def _look(look: Scanned) -> Looked:
    """What every rule finds, in their order."""
    from vouchercli.ops.risk.found import NotLooked
    from vouchercli.ops.risk.measures import MEASURES

    found: dict[str, Mapping[int, Found]] = {}
    told: list[dict[str, Any]] = []
    for rule in risk.RULES:
        said: dict[str, Any] = {"rule": rule.code, "found": 0}
        if rule.code in look.terms.off:
            told.append(said | {"why": "off"})
            continue
        try:
            found[rule.code] = MEASURES[rule.code](look)
            said["found"] = len(found[rule.code])
        except NotLooked as error:
            said |= {"why": error.code, "params": error.params}
        if rule.code in ("bursts", "regulars", "occasional") and look.network.canteens:
            names = [look.all.merchants[place].merchant_no for place in look.network.canteens]
            said |= {"why": "canteens", "params": {"merchants": ", ".join(names)}}
        if rule.code in look.known:
            known, merchants = look.known[rule.code]
            said |= {"why": "known_of", "params": {"known": known, "merchants": merchants}}
        told.append(said)
    return Looked(found, told)


def _findings(look: Scanned, looked: Looked) -> Iterator[store.New]:
    """Each merchant that a rule points at, by its id; then each person."""
    for of_person in (False, True):
        codes = [code for code in looked.found if risk.BY_CODE[code].of_person is of_person]
        for place in sorted({place for code in codes for place in looked.found[code]}):
            by_rule = {
                code: looked.found[code][place] for code in codes if place in looked.found[code]
            }
            rows = _rows(look, by_rule)
            count = len(rows) if of_person else int(look.count[place])
            both = risk.both_of(rows.values(), count)
            yield store.New(
                None if of_person else look.all.merchants[place].merchant_id,
                look.all.persons[place] if of_person else None,
                risk.is_candidate(by_rule, both, look.terms),
                tuple(_reason(code, each) for code, each in by_rule.items()),
                rows,
            )


def _rows(look: Scanned, by_rule: Mapping[str, Found]) -> dict[int, tuple[str, ...]]:
    """Each payment of evidence with the rules that rest on it."""
    rows: dict[int, tuple[str, ...]] = {}
    for code, each in by_rule.items():
        for number in look.all.redemption[each.rows].tolist():
            rows[number] = (*rows.get(number, ()), code)
    return rows


def _peers(look: Scanned, looked: Looked) -> Iterator[scan_peers.Peers]:
    """Whom each rule compared those with at whom it points: each base once, by its rule."""
    for code, by_place in looked.found.items():
        bases = {each.base: each.peers for each in by_place.values() if each.base_n}
        for base, peers in sorted(bases.items()):
            columns = (peers.places.tolist(), peers.counted.tolist(), peers.of.tolist())
            yield scan_peers.Peers(
                code,
                _told_base(base),
                tuple(
                    scan_peers.Peer(
                        look.all.merchants[place].merchant_no, *look.segments[place], *more
                    )
                    for place, *more in zip(*columns, strict=True)
                ),
            )


def _told_base(base: Segment) -> str:
    return "/".join(base)


def _reason(code: str, found: Found) -> store.Reason:
    base = _told_base(found.base)
    value, fence = f"{found.value:.4f}", f"{found.fence:.4f}"
    return store.Reason(code, value, fence, base, found.base_n, found.counts)


# ---------------------------------------------------------------- how it reads


def _answer(made: Scan, zone: str) -> Outcome:
    said: tuple[Message, ...] = (
        say("next: voucher risk list")
        if made.findings
        else say("nothing was found; that is no proof that nothing is wrong"),
    )
    return Outcome(tables=tables(made, zone), says=said)


def tables(made: Scan, zone: str) -> tuple[Table, ...]:
    """A scan, and what each rule looked at."""
    rows = tuple(_line(each) for each in made.looked)
    return (
        Table(say("Scan {scan}", scan=made.scan), SCAN, (made,), key="", is_record=True, zone=zone),
        Table(say("What each rule looked at"), LOOKED, rows, key="looked", zone=zone),
    )


def _line(each: dict[str, Any]) -> dict[str, Any]:
    rule = risk.BY_CODE.get(each["rule"])
    why = each.get("why")
    return {
        **each,
        "words": rule.words if rule else Word("not looked at"),
        "source": rule.source if rule else "",
        "told": _told(why, each.get("params", {})) if why else None,
    }


def _told(why: str, params: Mapping[str, Any]) -> Message:
    """Why a rule looked at nothing, or not at everybody."""
    if why == "too_few_peers":
        count, payments = params["count"], params["payments"]
        return say(
            "only {count} merchants have {payments} payments or more",
            count=count,
            payments=payments,
        )
    if why == "canteens":
        return say("set aside as canteens: {merchants}", merchants=params["merchants"])
    if why == "known_of":
        return say("known of {known} of {merchants} merchants", **params)
    return say(TOLD[why])


def list_scans(session: Session, limit: int | None) -> Outcome:
    """The scans of a programme, the newest first."""
    from vouchercli.ops import lists

    row = programmes.current(session.db, session.programme)
    table = Table(say("Scans"), SCAN[:8], (), key="scans", zone=row["time_zone"])
    outcome = lists.show(table, store.scans(session.db, row["programme_id"]), limit)
    return outcome if outcome.tables[0].rows else replace(outcome, says=(NO_SCAN,))


NO_SCAN = say("nothing was scanned yet; next: voucher risk scan")
