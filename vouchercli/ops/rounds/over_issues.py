"""What a platform gave out beyond the packs of a round that is closed: two people accept it with
more packs, or leave it rejected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import commitments, releases
from vouchercli.ops.rounds.lookup import refuse
from vouchercli.result import say
from vouchercli.store import amendments
from vouchercli.store import over_issues as store

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message


def check(current: RoundAtHand, packs: int) -> None:
    """Raise unless the platform of a closed round gave out so many packs beyond those it was told,
    so that as many claims stand as rejects and have no pack yet.
    """
    most, code = current.over_issued, current.code
    batches = ", ".join(map(str, current.over_issued_by_batch))
    if not most:
        refuse("top-up", current)
    if packs > most:
        raise VoucherError(
            "too_many_packs",
            "round {round} is closed: it takes at most {most:,} packs more, for the over_quota"
            " rejects of batch {batches}",
            hint="voucher round top-up {round} --packs {number} --note WHY",
            round=code,
            most=most,
            number=most,
            batches=batches,
        )


def accept(current: RoundAtHand, packs: int) -> dict[str, int]:
    """Add the packs and commit their money, which waits for the claims to be judged again; gives
    funder -> fen. Raises `fund_short`.
    """
    inner = current.session._replace(joins=True)
    releases.release_unused(inner, current.round_id)  # what is due by now is not what is added
    committed = commitments.commit(current, packs, "round.top-up")
    amendments.add_packs(current.db, current.round_id, packs)
    releases.look_away(inner, current.round_id)
    return committed


def name_retries(current: RoundAtHand) -> list[Message]:
    """Name the batches to judge again now that over-issued claims have their packs."""
    payments = store.batches_of_payments(current.db, current.row["programme_id"], current.code)
    return [
        *(
            say("next: voucher batch retry {batch} takes the claims in", batch=batch)
            for batch in current.over_issued_by_batch
        ),
        *(
            say("then: voucher batch retry {batch} takes their payments in", batch=batch)
            for batch in payments
        ),
    ]
