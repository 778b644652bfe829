"""A second person witnesses a head of the log: who did the last deed is not the only one who knows
where the log stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.proof import heads
from vouchercli.result import Outcome, say
from vouchercli.rules import staff as law
from vouchercli.store import audit, programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.audit import Entry


def witness_head(session: Session, head: str) -> Outcome:
    """Write that the head was seen by who acts, and give the new head. Again by the same person:
    nothing more happens. Raises `bad_head`, `head_not_in_log`, `own_line`.
    """
    noted = heads.Noted(*heads.parse(head))
    with writing(session) as db:
        number = heads.line_of(db, noted)
        line = None if number is None else audit.of_line(db, number)
        if line is None:
            raise VoucherError(
                "head_not_in_log",
                "the head {head} is not in the log",
                hint="compare with voucher audit head; if it was noted earlier: voucher audit"
                " verify --head {head}",
                head=head.strip(),
            )
        _require_other(session, line)
        subject, whole = f"line {line.line}", f"{line.line}:{line.hash}"
        if audit.is_noted_by(db, heads.WITNESS, subject, session.actor):
            return Outcome(
                {"head": whole, "witness": session.actor, "line": None},
                says=(
                    say(
                        "{actor} has witnessed line {line} already; nothing was changed",
                        actor=session.actor,
                        line=line.line,
                    ),
                ),
            )
        audit.note(session, heads.WITNESS, subject, before=None, after={"head": whole})
        newest = audit.last(db)
        assert newest is not None  # it was just written
        return Outcome(
            {"head": whole, "witness": session.actor, "line": newest.line},
            says=(
                say(
                    "{actor} witnessed line {line} of the log: {head}",
                    actor=session.actor,
                    line=line.line,
                    head=whole,
                ),
                say("write down the new head elsewhere: voucher audit head"),
            ),
        )


def _require_other(session: Session, line: Entry) -> None:
    """Raise `own_line` when who acts wrote the line: four eyes, as everywhere in the programmes of
    this file.
    """
    own, other = (
        law.Hand(session.actor, session.os_user),
        law.Hand(line.actor, line.os_user),
    )
    loaded = [programmes.value(row) for row in programmes.all_loaded(session.db)]
    is_own = law.same_person(own.actor, other.actor) or any(
        law.same_eyes(own, other, each) for each in loaded
    )
    if is_own:
        raise VoucherError(
            "own_line",
            "{actor} wrote line {line} of the log: another person must witness it",
            hint="voucher audit witness {head} --actor NAME",
            actor=session.actor,
            line=line.line,
            head=f"{line.line}:{line.hash}",
        )
