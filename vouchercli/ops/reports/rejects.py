"""report rejects: what was refused, over all files, and what of it came in later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import leverage
from vouchercli.store import programmes, refused
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from vouchercli.session import Session

FIGURES = (
    Column("files", "Files", "int"),
    Column("read", "Rows read", "int"),
    Column("accepted", "Accepted", "int"),
    Column("duplicate", "Duplicates", "int"),
    Column("rejected", "Rejected", "int"),
    Column("share", "Rejected of read", "rate"),
)
BY_KIND = (Column("kind", "Kind of file", "word"), *FIGURES)
BY_SENDER = (Column("kind", "Kind of file", "word"), Column("profile", "Profile"), *FIGURES)
BY_REASON = (
    Column("kind", "Kind of file", "word"),
    Column("reason", "Reason", "code"),
    Column("rows", "Rows", "int"),
    Column("files", "Files", "int"),
    Column("subsidy_fen", "Voucher paid, by the files", "fen"),
)


def report_rejects(
    session: Session, *, since: int | None = None, until: int | None = None
) -> Outcome:
    """Rejected rows of the files that were imported in `since <= imported_at <= until` (UTC
    seconds, None: open) and stand: by kind, by profile, by reason.
    """
    with reading(session):
        programme = programmes.current(session.db, session.programme)
        asked = (session.db, programme["programme_id"], since, until)
        kinds, senders, reasons = (
            refused.by_kind(*asked),
            refused.by_profile(*asked),
            refused.by_reason(*asked),
        )
    about = {"programme": programme["programme"]}
    return Outcome(
        dict(about),
        (
            Table(
                say("Rejected rows: {programme}", **about),
                BY_KIND,
                [_with_share(each) for each in kinds],
                key="by_kind",
                notes=(
                    say(
                        "Files that were undone do not count. A row that was rejected and came in"
                        " by a later retry counts as accepted."
                    ),
                ),
            ),
            Table(
                say("By profile"),
                BY_SENDER,
                [_with_share(each) for each in senders],
                key="by_profile",
                bars="share",
            ),
            Table(say("By reason"), BY_REASON, reasons, key="by_reason"),
        ),
    )


def _with_share(counts: refused.Counts) -> dict[str, int | str | None]:
    return {**counts._asdict(), "share": leverage.rate(counts.rejected, counts.read)}
