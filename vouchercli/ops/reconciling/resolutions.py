"""How breaks are resolved: by a posting or a correction that was made, or explained and written
off. One person proposes it, another one decides (`verdicts`); no money moves by it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.intake import corrections
from vouchercli.ops.reconciling import history
from vouchercli.ops.reconciling.choosing import UNDECIDED, choose, summarize
from vouchercli.ops.reconciling.lookup import (
    RESOLUTION_WORDS,
    in_words,
    require_open,
    to_name,
)
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, say
from vouchercli.rules import breaks as law
from vouchercli.rules import doors, money
from vouchercli.store import break_work as store
from vouchercli.store import proposals
from vouchercli.store.db import writing
from vouchercli.store.proposals import New, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reconciling.choosing import Choice
    from vouchercli.ops.reconciling.lookup import Current
    from vouchercli.session import Session
    from vouchercli.store.break_work import Correction

KIND = "resolution"


class How(NamedTuple):
    """What resolves a break: the number of a posting or of a correction, or that it is explained;
    `note` says why, `evidence` what it rests on.
    """

    posting: int | None = None
    correction: int | None = None
    is_explained: bool = False
    note: str = ""
    evidence: str = ""

    @property
    def resolution(self) -> str:
        """`posting`, `correction` or `explained`."""
        if self.posting is not None:
            return "posting"
        return "correction" if self.correction is not None else "explained"


def propose(session: Session, choice: Choice, how: How) -> Outcome:
    """Propose how breaks are resolved, all of them or none. Raises as `choosing.choose`,
    `break_is`, `resolution_waits`, `posting_of_other_amount`, and as `_require_how` and
    `_require_made`.
    """
    how = _require_how(how)
    with writing(session):
        chosen = choose(session, choice, UNDECIDED)
        staff.require(session, chosen[0].programme, doors.DOOR["reconcile resolve"])
        for current in chosen:
            require_open(current)
            _require_nothing_waits(current)
        _require_made(session, chosen, how)
        total_fen = _propose(session, chosen, how)
    numbers = [each.number for each in chosen]
    message = say(
        "{breaks}: {resolution}, {amount} yuan at stake, waits for a second person: voucher"
        " reconcile approve {numbers} --actor NAME",
        breaks=in_words(numbers),
        resolution=RESOLUTION_WORDS[how.resolution],
        amount=money.grouped(total_fen),
        numbers=to_name(numbers),
    )
    data = {"breaks": numbers, "state": "proposed", "resolution": how.resolution}
    return Outcome(data | {"amount_fen": total_fen}, summarize(choice, chosen), says=(message,))


def _propose(session: Session, chosen: Sequence[Current], how: How) -> int:
    """Keep the proposals, one a break; gives what is at stake in all of them, in fen. What is
    proposed in one step is weighed as one: nobody gets by with fewer eyes by many small breaks.
    """
    after: dict[str, Any] = {"resolution": how.resolution}
    after |= {
        name: value
        for name, value in (("posting", how.posting), ("correction", how.correction))
        if value is not None
    }
    fen = [law.at_stake(each.found.our_fen, each.found.their_fen) for each in chosen]
    step = Step(proposals.next_number(session.db), len(chosen), sum(fen))
    together = {"together": step._asdict()} if step.size > 1 else {}
    many = map(partial(_new, after | together), chosen, fen)
    proposals.add_all(session, KIND, many, note=how.note, evidence=how.evidence)
    about: dict[str, Any] = {"note": how.note, "evidence": how.evidence, "after": after}
    numbers = [each.number for each in chosen]
    history.note(session, "reconcile.resolve", numbers, amount_fen=step.amount_fen, **about)
    return step.amount_fen


def _new(after: dict[str, Any], current: Current, fen: int) -> New:
    found = current.found
    before = {"type": found.type, "our_fen": found.our_fen, "their_fen": found.their_fen}
    return New(current.subject, before, after, fen)


def _require_how(how: How) -> How:
    """Raises `which_resolution`, `note_needed`."""
    how = how._replace(note=how.note.strip(), evidence=how.evidence.strip())
    if (how.posting is not None) + (how.correction is not None) + how.is_explained != 1:
        raise UsageFault(
            "which_resolution",
            "say what resolves it: --posting N, --correction N, or --explained with --note and"
            " --evidence",
        )
    if how.is_explained and not (how.note and how.evidence):
        raise UsageFault(
            "note_needed",
            "what is explained and written off needs a reason and what it rests on: --note and"
            " --evidence",
        )
    return how


def _require_nothing_waits(current: Current) -> None:
    if current.found.proposal is not None:
        raise VoucherError(
            "resolution_waits",
            "a resolution of break {number} waits for a second person",
            hint="voucher reconcile approve {number} --actor NAME, or voucher reconcile reject"
            " {number} --note WHY",
            number=current.number,
        )


def _require_made(session: Session, chosen: Sequence[Current], how: How) -> None:
    """The posting or the correction is there, took effect, and is about these breaks. Raises
    `unknown_posting`, `posting_of_other_amount`, `unknown_correction`, `correction_not_made`,
    `other_correction`.
    """
    row = chosen[0].row
    if how.posting is not None:
        posted = store.posting_fen(session.db, row["programme_id"], how.posting)
        _require_fit(row["programme"], how.posting, posted, chosen)
    if how.correction is not None:
        correction = _require_correction(session, row["programme_id"], how.correction)
        for current in chosen:
            _require_about(current, how.correction, correction)


def _require_fit(
    programme: str, posting: int, posted_fen: int | None, chosen: Sequence[Current]
) -> None:
    """A posting moved what is at stake in the breaks together. Raises `unknown_posting`,
    `posting_of_other_amount`.
    """
    if posted_fen is None:
        raise VoucherError(
            "unknown_posting",
            "programme {programme} has no posting {posting}",
            hint="voucher ledger show",
            programme=programme,
            posting=posting,
        )
    fen = sum(law.at_stake(each.found.our_fen, each.found.their_fen) for each in chosen)
    if abs(posted_fen) != fen:
        raise VoucherError(
            "posting_of_other_amount",
            "posting {posting} moved {posted} yuan, but {amount} yuan are at stake in {breaks}",
            hint="name all breaks that it resolves, or another posting (voucher ledger show); what"
            " it leaves open needs --correction or --explained",
            posting=posting,
            posted=money.grouped(abs(posted_fen)),
            amount=money.grouped(fen),
            breaks=in_words([each.number for each in chosen]),
        )


def _require_correction(session: Session, programme_id: int, number: int) -> Correction:
    found = store.correction(session.db, programme_id, number)
    if found is None:
        raise corrections.unknown(number)
    if found.state != "effective":
        raise VoucherError(
            "correction_not_made",
            "correction {correction} has not taken effect",
            hint="voucher correction show {correction}",
            correction=number,
        )
    return found


def _require_about(current: Current, number: int, correction: Correction) -> None:
    """The correction is of a row that the break is about. Raises `other_correction`."""
    named = {correction.before, correction.after} - {""}
    found = current.found
    if named and law.numbers_of(found.transaction_no, found.detail).isdisjoint(named):
        raise VoucherError(
            "other_correction",
            "correction {correction} is of {row}, not of what break {number} is about",
            hint="voucher correction list",
            correction=number,
            row=correction.before or correction.after,
            number=current.number,
        )
