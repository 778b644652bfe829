"""Claims: files of granted packs come in, and are listed."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.written import folders
from vouchercli.ops import lists
from vouchercli.ops.intake import by_columns, take_backs
from vouchercli.ops.intake.importing import take_in
from vouchercli.ops.intake.kinds import Intake, Kind, Unfit
from vouchercli.ops.intake.retries import settle
from vouchercli.ops.intake.staging import bad_time, typist_of_residents, warner_of_residents
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import families as law
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.store import (
    claim_reopening,
    claims,
    displaced,
    families,
    limits,
    programmes,
    rounds,
    templates,
    winners,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.ops.intake.kinds import Chunk, Typed
    from vouchercli.rules.families import Named
    from vouchercli.session import Session

NOT_AFTER = Word("an end after the claim is needed")


def _typist(intake: Intake) -> Callable[[tuple[str, ...]], Typed]:
    """A claim that names the application of a round whose winners are handed on is its applicant's,
    by whatever number the platform knows that person; one that names a family and a face is one of
    that round.
    """
    type_row = typist_of_residents(intake, "claim_no", "claimed_at")
    find_end = _reader_of_ends(intake)
    handed = winners.handed(intake.db, intake.programme_id)
    members = families.members(intake.db, intake.programme_id)
    find_round = lru_cache(partial(_find_round, members, intake.options.get("platforms")))

    def type_claim(values: tuple[str, ...]) -> Typed:
        typed = type_row(values[:-1])
        if isinstance(typed, Unfit):
            return typed
        claim_no, round_, resident, claimed_at, application_no, face = typed
        found = find_round(round_, face)
        if isinstance(found, Unfit):
            return found
        ends_at = find_end(found, claimed_at, values[-1])
        if isinstance(ends_at, Unfit):
            return ends_at
        if application_no and found in handed:
            known = winners.applicant(intake.db, handed[found], application_no)
            resident = known or resident
        return (claim_no, found, resident, claimed_at, application_no, ends_at)

    return type_claim


def _reader_of_ends(intake: Intake) -> Callable[[str, int, str], int | Unfit | None]:
    """What reads the end that a platform states, of rounds whose template leaves it to it (of
    others None): a row says one after its claim.
    """
    packs = {
        row["round"]: templates.of_round(row)
        for row in claims.templates_of_rounds(intake.db, intake.programme_id)
    }
    stated = {round_: pack for round_, pack in packs.items() if pack.validity.is_stated}

    def read(round_: str, claimed_at: int, text: str) -> int | Unfit | None:
        if round_ not in stated:
            return None
        if not text:
            return Unfit("bad_row", {"column": "expires_at"})
        try:
            at = times.stated_end(text, intake.zone)
        except ValueError as error:
            return bad_time("expires_at", text, error)
        if at <= claimed_at:
            return Unfit("bad_row", {"column": "expires_at", "value": text, "problem": NOT_AFTER})
        return template_rules.expires_at(stated[round_], claimed_at, intake.zone, at)

    return read


def _find_round(
    members: list[Named], platforms: list[str] | None, round_: str, face: str
) -> str | Unfit:
    """The round that a claim means: one of a family by its face and its platform."""
    of_family = law.meant(members, round_, "", None)
    if not of_family or (not face and of_family[0].round == round_):
        return round_
    found = law.meant(members, round_, face, platforms)
    if len(found) == 1:
        return found[0].round
    known = ", ".join(each.round.removeprefix(f"{each.family}-") for each in of_family)
    return Unfit("unknown_face", {"round": round_, "face": face or None, "known": known})


def _judge(intake: Intake) -> None:
    in_force = limits.of_programme(intake.db, intake.programme_id)
    asked = (intake.db, intake.programme_id, in_force, intake.zone, intake.latest_at)
    claims.judge(*asked)
    while take_backs.cover_claims(intake):
        claims.judge_again(*asked)
    displaced.name_claims(intake.db, intake.programme_id)


def _accept(intake: Intake) -> dict[str, Any]:
    rounds = claims.templates_of_rounds(intake.db, intake.programme_id)
    packs = {row["round_id"]: templates.of_round(row) for row in rounds}

    @cache
    def expires_at(round_id: int, claimed_at: int) -> int:
        return template_rules.expires_at(packs[round_id], claimed_at, intake.zone)

    claim_reopening.withdraw(intake.db)
    claims.accept(intake.db, expires_at)
    return {}


def _reopen(intake: Intake, only: int | None) -> None:
    in_force = limits.of_programme(intake.db, intake.programme_id)
    claim_reopening.reopen(
        intake.db, intake.programme_id, only, is_beyond=in_force.looks_beyond_the_round
    )


def _by_columns(intake: Intake, done_line: int) -> Iterator[Chunk] | None:
    if not by_columns.goes_by_columns(intake):
        return None
    # everyday files never wait for the libraries behind it
    from vouchercli.ops.intake.by_columns.claims import chunks

    return chunks(intake, done_line)


# what another claim can lift, or money
WAITING = (
    "conflicting_row",
    "claim_reused",
    "over_quota",
    "resident_limit",
    "funds_released",
    "displaces_sealed",
)

KIND = Kind(
    name="claims",
    needs_programme=True,
    create=claims.CREATE_INCOMING,
    add=claims.ADD_INCOMING,
    width=claims.TYPED_COLUMNS,
    typist=_typist,
    judge=_judge,
    accept=_accept,
    undo=lambda session, batch_id: claims.undo(session.db, batch_id),
    warnings=warner_of_residents(2),
    settle=settle,
    reopen=_reopen,
    moved=claim_reopening.moved,
    waiting=WAITING,
    hopeless=claims.sold_out_for,
    by_columns=_by_columns,
)


def import_claims(
    session: Session, file: str, *, platform: str | None = None, **options: Any
) -> Outcome:
    """Import a file of claims; see `importing.take_in`. `platform` is who sent it (None: not
    said): its rows are rejected where another platform issues their round.

    Raises `wrong_platform` when rounds name their platforms and none of them is meant.
    """
    sender = None if platform is None else _identify_sender(session, platform)
    return take_in(session, KIND, file, kept=sender, **options)


def _identify_sender(session: Session, platform: str) -> dict[str, Any] | None:
    """Find all names under which the programme's rounds know the platform; None when no round
    names any.
    """
    programme = programmes.current(session.db, session.programme)
    known = rounds.platforms(session.db, programme["programme_id"])
    names = [each for each in known if _is_same(each, platform)]
    if known and not names:
        raise VoucherError(
            "wrong_platform",
            "no round of {programme} is issued by {platform}",
            hint="its platforms are: {known}",
            programme=programme["programme"],
            platform=platform,
            known=", ".join(known),
        )
    return {"platform": platform, "platforms": names} if names else None


def _is_same(platform: str, said: str) -> bool:
    """Whether `said` means the platform: its name, its folder in the outbox, or another name of
    the same order profile.
    """
    if said.strip().casefold() in (platform.casefold(), folders.name_folder(platform).casefold()):
        return True
    from vouchercli.formats.written import issuance_orders  # reads YAML: only where names differ

    profile = issuance_orders.profile_of(platform)
    return bool(profile.order) and profile.order == issuance_orders.profile_of(said).order


COLUMNS = (
    Column("claim_no", "Claim"),
    Column("round", "Round"),
    Column("resident", "Resident", "token"),
    Column("claimed_at", "Claimed at", "time"),
    Column("expires_at", "Expires at", "end"),
    Column("used", "Used", "int"),
    Column("coupons", "Vouchers", "int"),
    Column("batch", "Batch", "int"),
    *lists.BOOKED_ON,
    Column("correction", "Corr.", "int", optional=True),
    Column("is_reversed", "Reversed", "int", optional=True),
)


def list_claims(session: Session, /, *, limit: int | None, **wanted: Any) -> Outcome:
    """Claims, oldest first, by round, number or resident (an identity, turned into its token before
    it is looked for).
    """
    table = Table(say("Claims"), COLUMNS, (), key="claims")
    return lists.of_programme(session, table, claims.listed, limit=limit, **wanted)
