"""Applications: files of those who applied for a round come in, and are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.ops.intake import by_columns
from vouchercli.ops.intake.importing import importer
from vouchercli.ops.intake.kinds import Intake, Kind
from vouchercli.ops.intake.retries import settle
from vouchercli.ops.intake.staging import typist_of_residents, warner_of_residents
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.store import application_reopening, applications

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.intake.kinds import Chunk
    from vouchercli.session import Session


def _judge(intake: Intake) -> None:
    applications.judge(intake.db, intake.programme_id, intake.latest_at)


def _accept(intake: Intake) -> dict[str, Any]:
    applications.accept(intake.db, intake.batch_id)
    return {}


def _reopen(intake: Intake, only: int | None) -> None:
    """At the end of an import, of its own batch only: what others brought, or a retry finds,
    stands.
    """
    if only is not None:
        application_reopening.reopen(intake.db, intake.programme_id, only)


def _by_columns(intake: Intake, done_line: int) -> Iterator[Chunk] | None:
    if not by_columns.goes_by_columns(intake):
        return None
    # everyday files never wait for the libraries behind it
    from vouchercli.ops.intake.by_columns.applications import chunks

    return chunks(intake, done_line)


WAITING = ("application_reused",)  # what another application can lift

KIND = Kind(
    name="applications",
    needs_programme=True,
    create=applications.CREATE_INCOMING,
    add=applications.ADD_INCOMING,
    width=applications.TYPED_COLUMNS,
    typist=lambda intake: typist_of_residents(intake, "application_no", "applied_at"),
    judge=_judge,
    accept=_accept,
    undo=lambda session, batch_id: applications.undo(session.db, batch_id),
    warnings=warner_of_residents(2),
    settle=settle,
    reopen=_reopen,
    waiting=WAITING,
    by_columns=_by_columns,
)

import_applications = importer(KIND)


COLUMNS = (
    Column("application_no", "Application"),
    Column("round", "Round"),
    Column("resident", "Resident", "token"),
    Column("applied_at", "Applied at", "time"),
    Column("group", "Group"),
    Column("district", "District"),
    Column("person", "Person", "token"),
    Column("claim_no", "Claim", blank="-"),
    Column("batch", "Batch", "int"),
)


def list_applications(session: Session, /, *, limit: int | None, **wanted: Any) -> Outcome:
    """Applications in the order of arrival, by round, number or resident; with the claim that each
    was granted, if it was.
    """
    table = Table(say("Applications"), COLUMNS, (), key="applications")
    return lists.of_programme(session, table, applications.listed, limit=limit, **wanted)
