"""What an amendment may change, asked when it is proposed and again when it takes effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import drafts, over_issues
from vouchercli.result import Word
from vouchercli.rules import amendments as law
from vouchercli.store import amendments, draws, rounds

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand


def require_note(current: RoundAtHand, note: str, hint: str, **params: Any) -> None:
    """Raise `note_needed` when nobody says why; `hint` is what to type instead."""
    if not note.strip():
        raise VoucherError(
            "note_needed",
            "a second person must approve this of round {round}: say why",
            hint=hint,
            round=current.code,
            **params,
        )


def check_window(current: RoundAtHand, after: dict[str, Any]) -> None:
    """Raise unless the round may still move to these times, now as much as when they were
    proposed.
    """
    row, last = current.row, rounds.last_claimed_at(current.db, current.round_id)
    window = law.RoundWindow(row["state"], row["opens_at"], row["closes_at"], last)
    hindrance = law.hindrance(window, after.get("opens_at"), after.get("closes_at"), current.now)
    if hindrance == "already_open":
        raise VoucherError(
            "already_open",
            "round {round} is {state}: its opening cannot be moved any more",
            hint="voucher round reschedule {round} --closes-at TIME",
            round=current.code,
            state=Word(row["state"]),
        )
    if hindrance == "time_past":
        past = min(after.values())
        raise VoucherError(
            "time_past",
            "{at} is not in the future: it is {now} now",
            hint="propose a time in the future",
            at=current.local_time(past),
            now=current.local_time(current.now),
        )
    if hindrance == "closes_before_claims" and last is not None:
        raise VoucherError(
            "closes_before_claims",
            "a pack was claimed at {at}: the round cannot close before that",
            hint="propose a later --closes-at",
            at=current.local_time(last),
        )
    announced = amendments.registration_closes_at(current.db, current.round_id)
    if announced is not None and announced > after.get("opens_at", row["opens_at"]):
        raise VoucherError(
            "registration_closes_late",
            "registration would close at {closes_at}, after the round opens at {opens_at}",
            hint="propose a later --opens-at",
            closes_at=current.local_end(announced),
            opens_at=current.local_time(after["opens_at"]),
        )
    terms = {
        key: after.get(key, row[key]) for key in ("opens_at", "closes_at", "registration_opens_at")
    }
    drafts.check_times(current.programme, current.template, terms)
    check_platform(current, after)


def refuse_fixed(current: RoundAtHand) -> None:
    """Raise `round_drawn` after the draw, `entrants_published` once the list of a lottery is out:
    the order of the tickets is public, so another number of packs would choose who gets them.
    """
    draw = draws.kept(current.db, current.round_id)
    if draw is not None and draw.drawn_at is not None:
        raise VoucherError(
            "round_drawn",
            "round {round} was drawn on {at}: its packs stand, because it is known who would be"
            " next",
            hint="hold another lottery: voucher round copy {round} NEW --packs N --opens-at TIME",
            round=current.code,
            at=current.local_time(draw.drawn_at),
        )
    drafts.refuse_published(current)


def check_topped_up(current: RoundAtHand, packs: int) -> None:
    """Raise unless the round may have so many packs more. What a platform has given out already
    needs no order, so its limits are not asked.
    """
    if current.row["state"] == "closed":
        over_issues.check(current, packs)
        return
    refuse_fixed(current)
    check_platform(current, {"packs": current.row["packs"] + packs})


def check_reduced(current: RoundAtHand, packs: int) -> None:
    """Raise unless so many packs can be taken back: neither claimed nor without money already, and
    not all of the round, which is to cancel it.
    """
    refuse_fixed(current)
    row, code = current.row, current.code
    left = row["packs"] - row["claimed"] - row["released"]
    if not left:
        raise VoucherError(
            "nothing_left",
            "all {claimed:,} packs of round {round} that have their money are claimed: none can be"
            " taken back",
            hint="voucher round show {round}" if row["released"] else "voucher round close {round}",
            claimed=row["claimed"],
            round=code,
        )
    if left == row["packs"] <= packs:
        raise VoucherError(
            "nothing_remains",
            "round {round} has {packs:,} packs: without them nothing remains of it",
            hint="voucher round cancel {round} --note WHY",
            packs=left,
            round=code,
        )
    if packs > left:
        raise VoucherError(
            "too_many_packs",
            "{packs:,} packs cannot be taken back from round {round}: only {left:,} are unclaimed",
            hint="voucher round reduce {round} --packs {number} --note WHY",
            packs=packs,
            round=code,
            left=left,
            number=left,
        )
    _check_quotas(current, left - packs)


def _check_quotas(current: RoundAtHand, places: int) -> None:
    """Raise `quotas_too_large` when a lottery could not keep the places that its quotas promise."""
    draw = draws.kept(current.db, current.round_id)
    kept = sum(stratum.quota for stratum in draw.strata or ()) if draw else 0
    if kept > places:
        raise VoucherError(
            "quotas_too_large",
            "the quotas keep {kept:,} places, but there are only {places:,}",
            hint="take fewer packs back: the quotas of a lottery stand",
            kept=kept,
            places=places,
        )


def check_platform(current: RoundAtHand, after: dict[str, Any]) -> None:
    """Raise `platform_limits` when the platform would not take the order that replaces the last
    one.
    """
    drafts.check_platform(current.programme, current.template, dict(current.row) | after)
