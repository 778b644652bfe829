"""Show a draw, write its list of entrants and its certificate, and verify these files without a
database.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.written import certificates as files
from vouchercli.ops.granting.grants import REASONS
from vouchercli.ops.lottery.tables import (
    Lottery,
    answer_with_draw,
    look_up_lottery,
    tabulate_barred,
    warn_of_barred,
)
from vouchercli.result import Outcome, Problem, Word, say
from vouchercli.rules import certificate_terms as terms
from vouchercli.rules import certificates as proof
from vouchercli.rules import draws as law
from vouchercli.rules.canonical import own_digest
from vouchercli.store import draws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vouchercli.result import Message
    from vouchercli.rules.draws import Entrant
    from vouchercli.session import Session

FOLDER = "draws"


def show_draw(
    session: Session, code: str, *, application: str | None = None, to: str | None = None
) -> Outcome:
    """Show how far a draw has come, and the ticket of one application; with `to` write its files
    again.
    """
    lottery = look_up_lottery(session, code)
    outcome = answer_with_draw(lottery, *_say_next(lottery))
    if application is not None:
        outcome = _add_application(lottery, outcome, application)
    if to is None:
        return outcome
    if lottery.certificate is None:
        raise VoucherError(
            "not_drawn",
            "round {round} is not drawn yet: there is no certificate",
            hint="voucher draw show {round}",
            round=code,
        )
    return write_files(lottery, outcome, to)


def verify_draw(
    certificate: str, entrants: str, announced: terms.Announced = terms.UNKNOWN
) -> Outcome:
    """Draw again from the files alone, without any database; failed (exit 5) with everything that
    does not fit together, or not with what was announced. Says what is not proven, too.

    Raises `bad_certificate`, `bad_entrants` for files that are something else.
    """
    whole, read = files.read_certificate(certificate), files.read_list(entrants)
    district, group = (
        read.columns.index(key) if key in read.columns else 0 for key in law.DIMENSIONS
    )
    rows = [
        law.Entrant(row[0], row[district] if district else "", row[group] if group else "")
        for row in read.rows
    ]
    try:
        findings = proof.findings(whole, rows, read.columns, read.sha256, announced.commitment)
    except ValueError as error:
        raise VoucherError(
            "bad_certificate",
            "{file} is not a certificate of a draw: {why}",
            hint="take the .json that the draw wrote",
            file=certificate,
            why=str(error),
        ) from error
    stated = proof.read(whole)
    findings += terms.findings(whole, stated, announced)
    data = {
        "round": stated.round,
        "programme": stated.programme,
        "certificate_sha256": own_digest(whole),
        "seed_sha256": stated.seed_sha256,
        "entrants_sha256": read.sha256,
        "entrants": len(rows),
        "places": stated.places,
        "winners": len(stated.winners),
        "arms": [
            each._asdict() | {"winners": len(each.winners)}
            for each in (stated.arms.rounds if stated.arms else ())
        ],
        "proven": not findings,
        "not_proven": terms.unproven(announced),
    }
    barred = tabulate_barred(stated.barred)
    if findings:
        return Outcome(data, barred, (), tuple(fault.problem() for fault in findings), "failed")
    return Outcome(
        data,
        barred,
        tuple(_confirm(stated, announced)),
        (*warn_of_barred(stated), *_warn_of_course(whole, stated)),
    )


def _confirm(stated: proof.Certificate, announced: terms.Announced) -> Iterator[Message]:
    """What is proven, then what is not and how to come by it."""
    yield say(
        "the draw of {round} is verified: {winners:,} winners of {entrants:,} entrants, drawn"
        " again with the same result",
        round=stated.round,
        winners=len(stated.winners),
        entrants=stated.entrants,
    )
    if stated.arms:
        first, second = stated.arms.rounds
        yield say(
            "shared out as the seed says: {first_winners:,} winners in {first}, {second_winners:,}"
            " in {second}",
            first=first.round,
            first_winners=len(first.winners),
            second=second.round,
            second_winners=len(second.winners),
        )
    if announced.commitment is None:
        yield say(
            "compare the digest of the seed with the one that was announced before registration"
            " closed: {digest}",
            digest=stated.seed_sha256,
        )
    if None in (announced.programme, announced.round, announced.public_source):
        yield say(
            "compare with the announcement, too: programme {programme}, round {round}, public"
            " source {source}",
            programme=stated.programme,
            round=stated.round,
            source=stated.public_source or "–",
        )
    yield say(
        "not proven by these files: that the announcement was out before {closed_at}, that the"
        " list was out before {drawn_at}, that each of {applications:,} applications was counted,"
        " that the entrants are persons who may apply, and why somebody is barred",
        closed_at=stated.registration_closed_at,
        drawn_at=stated.drawn_at,
        applications=stated.applications,
    )


def _warn_of_course(whole: dict[str, Any], stated: proof.Certificate) -> Iterator[Problem]:
    """What is as it must be, and still no proof of a fair draw."""
    if whole.get("rehearsal"):
        yield Problem(
            "rehearsed_draw",
            "this is the certificate of a rehearsal: nobody won anything",
            level="warning",
        )
    if stated.public_randomness is not None and not stated.public_source:
        yield Problem(
            "public_source_unannounced",
            "the source of the public text was not announced with the commitment: whoever knew the "
            "seed could choose the text",
            level="warning",
        )


def _say_next(lottery: Lottery) -> tuple[Any, ...]:
    if lottery.draw is None:
        return (
            say(
                "next: voucher draw commit {round}, before registration closes", round=lottery.code
            ),
        )
    if lottery.certificate is None:
        return (
            say("next, once registration is closed: voucher draw run {round}", round=lottery.code),
        )
    return ()


# ---------------------------------------------------------------- one application


def _add_application(lottery: Lottery, outcome: Outcome, no: str) -> Outcome:
    """Add the result of one application: whether it is the entry of its person, its ticket, and
    whether it won.
    """
    entry = draws.entry_of(lottery.db, lottery.round_id, no)
    if entry is None:
        raise VoucherError(
            "unknown_application",
            "round {round} has no application {application}",
            hint="voucher application list --round {round}",
            round=lottery.code,
            application=no,
        )
    certificate = lottery.certificate
    ticket = law.ticket(certificate.effective_seed, no) if certificate and entry == no else None
    barred = dict(certificate.barred).get(no) if certificate else None
    has_won = no in certificate.winners if certificate else None
    shared = certificate.arms.rounds if certificate and certificate.arms else ()
    data = {
        "application_no": no,
        "entry": entry,
        "ticket": ticket,
        "barred": barred,
        "won": has_won,
        "won_in": next((arm.round for arm in shared if no in arm.winners), None),
    }
    return replace(
        outcome,
        data=outcome.data | {"application": data},
        says=(*outcome.says, _explain_result(data)),
    )


def _explain_result(data: dict[str, Any]) -> Message:
    no, entry, ticket = data["application_no"], data["entry"], data["ticket"]
    if entry != no:
        return say(
            "application {application} does not count: the entry of this person is {entry}",
            application=no,
            entry=entry,
        )
    if ticket is None:
        return say(
            "application {application} takes part; the round is not drawn yet", application=no
        )
    if data["barred"]:
        return say(
            "application {application} could not win: {reason}",
            application=no,
            reason=Word(REASONS[data["barred"]]),
        )
    if data["won_in"]:
        return say(
            "application {application} won in {round} with the ticket {ticket}",
            application=no,
            round=data["won_in"],
            ticket=ticket,
        )
    if data["won"]:
        return say(
            "application {application} won with the ticket {ticket}", application=no, ticket=ticket
        )
    return say(
        "application {application} did not win; its ticket is {ticket}",
        application=no,
        ticket=ticket,
    )


# ---------------------------------------------------------------- files


def write_list(
    lottery: Lottery,
    entrants: Sequence[Entrant],
    shown: Sequence[str],
    to: str | None,
) -> str:
    """Write the list of entrants and return its file name."""
    path = to or str(lottery.session.path.parent / FOLDER / f"{_file_stem(lottery)}-entrants.csv")
    files.write(path, law.listed(entrants, shown))
    return path


def write_files(
    lottery: Lottery,
    outcome: Outcome,
    to: str | None,
    entrants: Iterable[Entrant] | None = None,
) -> Outcome:
    """Write the certificate, its printed form and the list into a folder (`draws` beside the
    database unless `to`).

    `entrants` are those of the list, when the caller has them. The list is left out, with a
    warning, when the applications are no longer those that were drawn from.
    """
    text = str(lottery.committed_draw.certificate)
    document = json.loads(text)
    folder = lottery.session.path.parent / FOLDER if to is None else Path(to)
    made: dict[str, Iterable[bytes]] = {
        "certificate.json": [f"{text}\n".encode()],
        "certificate.txt": files.printed(document),
    }
    entrants = entrants or draws.entrants(lottery.db, lottery.round_id)
    list_lines = list(law.listed(entrants, document["entrants_columns"]))
    if is_same := law.digest(list_lines) == document["entrants_sha256"]:
        made["entrants.csv"] = list_lines
    names = [str(folder / f"{_file_stem(lottery)}-{name}") for name in made]
    for name, lines in zip(names, made.values(), strict=True):
        files.write(name, lines)
    problems = (
        ()
        if is_same
        else (
            Problem(
                "entrants_changed",
                "applications came in after the draw of {round}: the list it was drawn from is not"
                " written again",
                level="warning",
                hint="keep the list that was published",
                params={"round": lottery.code},
            ),
        )
    )
    return replace(
        outcome,
        data=outcome.data | {"files": names},
        problems=(*outcome.problems, *problems),
        says=(*outcome.says, say("the certificate is in: {files}", files=", ".join(names))),
    )


def _file_stem(lottery: Lottery) -> str:
    mark = "REHEARSAL-" if lottery.session.is_rehearsal else ""
    return f"{mark}{lottery.row['programme']}-{lottery.code}"
