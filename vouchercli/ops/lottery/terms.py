"""Check the terms of a draw before it goes on: a commitment in time, a closed registration,
quotas that fit, the published list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.granting import allocations
from vouchercli.ops.lottery.tables import Lottery, answer_with_draw, look_up_lottery
from vouchercli.result import Problem, Word, say
from vouchercli.rules import arms as sharing
from vouchercli.rules import draws as law
from vouchercli.rules import rounds
from vouchercli.store import arms, draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Outcome
    from vouchercli.rules.draws import Entrant, Stratum
    from vouchercli.session import Session


def look_up_committed(session: Session, code: str) -> Lottery:
    """Look up the lottery of a round with a committed seed. Raises `draw_not_committed`."""
    lottery = look_up_lottery(session, code)
    if lottery.draw is None and session.now < lottery.closes_at:
        raise VoucherError(
            "draw_not_committed",
            "no seed is committed to for round {round}",
            hint="voucher draw commit {round}",
            round=code,
        )
    if lottery.draw is None:
        raise VoucherError(
            "draw_not_committed",
            "no seed was committed to before the registration of round {round} closed at"
            " {closes_at}",
            hint="give the round a later opening, then voucher draw commit {round}",
            round=code,
            closes_at=lottery.local_end(lottery.closes_at),
        )
    return lottery


def repeat_commitment(
    lottery: Lottery,
    terms: draws.Terms,
    strata: Sequence[Stratum] | None,
    within: str | None = None,
) -> Outcome:
    """Accept the same commitment again, with quotas, or with what arms are shared within, if they
    are still missing; refuse other terms.
    """
    announced = draws.Terms(
        lottery.committed_draw.registration_closes_at, lottery.committed_draw.public_source
    )
    if any(value not in (None, "", stands) for value, stands in zip(terms, announced, strict=True)):
        raise _terms_stand_error(lottery)
    fix_strata(lottery, strata)
    fix_within(lottery, within)
    return answer_with_draw(
        lottery,
        say("round {round} already has a seed; nothing was changed", round=lottery.code),
    )


def _terms_stand_error(lottery: Lottery) -> VoucherError:
    return VoucherError(
        "draw_terms_stand",
        "the terms of the draw of {round} are announced and cannot change",
        hint="voucher draw show {round}",
        round=lottery.code,
    )


def require_time(lottery: Lottery, registration_closes_at: int | None) -> None:
    """Require that the commitment comes before registration closes, and that registration closes
    no later than the round opens.
    """
    row = lottery.row
    if row["state"] not in rounds.BEFORE_OPENING:
        raise VoucherError(
            "registration_over",
            "round {round} is {state}: it is too late to commit to a seed",
            hint="voucher round list",
            round=lottery.code,
            state=Word(row["state"]),
        )
    if registration_closes_at is not None and registration_closes_at > row["opens_at"]:
        raise VoucherError(
            "registration_closes_late",
            "registration would close at {closes_at}, after the round opens at {opens_at}",
            hint="an earlier --registration-closes",
            closes_at=lottery.local_end(registration_closes_at),
            opens_at=lottery.local_time("opens_at"),
        )
    closes_at = law.registration_closes_at(row["opens_at"], registration_closes_at)
    if lottery.now >= closes_at:
        raise VoucherError(
            "registration_over",
            "the registration of round {round} closed at {closes_at}: a seed is committed to before"
            " that",
            hint="give the round a later opening: voucher round edit {round} --opens-at TIME",
            round=lottery.code,
            closes_at=lottery.local_end(closes_at),
        )


def refuse_unasked(lottery: Lottery) -> VoucherError:
    """The refusal to fix a seed without a public source for somebody who has not said so; its text
    says the terms. Raises `registration_over` when it is too late for a seed.
    """
    require_time(lottery, None)
    opens_at = lottery.row["registration_opens_at"]
    return VoucherError(
        "seed_without_source",
        "the seed of {round} would be fixed for good, without a public source: registration from"
        " {opens_at} to {closes_at}, {entrants:,} entrants so far, {places:,} places",
        hint=(
            "voucher draw commit {round} --public-source TEXT, or all the same: voucher round draw"
            " {round} --yes"
        ),
        round=lottery.code,
        opens_at=Word("now on") if opens_at is None else lottery.local_time(opens_at),
        closes_at=lottery.local_end(lottery.closes_at),
        entrants=sum(1 for _ in draws.entrants(lottery.db, lottery.round_id)),
        places=lottery.packs,
    )


def require_closed(lottery: Lottery) -> None:
    """Raise `registration_still_open` before registration closes."""
    if lottery.now < lottery.closes_at:
        raise VoucherError(
            "registration_still_open",
            "the registration of round {round} closes at {closes_at}; it is {now} now",
            hint="wait until then",
            round=lottery.code,
            closes_at=lottery.local_end(lottery.closes_at),
            now=lottery.local_time(lottery.now),
        )


def require_open(lottery: Lottery) -> None:
    """Require a closed registration and an open round with packs left, because a draw grants
    packs at once; the same of its arm. Winners that are handed on may be drawn as soon as the round
    is approved: the platform has its order before the opening.
    """
    require_closed(lottery)
    for each in lottery.rounds:
        _require_drawable(each)
    if all(each.row["claimed"] >= each.row["packs"] for each in lottery.rounds):
        raise VoucherError(
            "no_places",
            "all {packs:,} packs of round {round} are claimed: nothing is left to draw for",
            hint="voucher round show {round}",
            packs=lottery.packs,
            round=lottery.code,
        )


def _require_drawable(current: RoundAtHand) -> None:
    row = current.row
    if row["state"] not in (("approved", "open") if row["hands_winners"] else ("open",)):
        raise VoucherError(
            "wrong_state",
            "round {round} is {state}: it is drawn once it is approved, and before it is closed"
            if row["hands_winners"]
            else "round {round} is {state}: it is drawn while it is open",
            hint=(
                "voucher round open {round}"
                if row["state"] == "approved"
                else "voucher round show {round}"
            ),
            round=current.code,
            state=Word(row["state"]),
        )


# ---------------------------------------------------------------- quotas and the list


def fix_strata(lottery: Lottery, strata: Sequence[Stratum] | None) -> None:
    """Fix the quotas, once. Raises `draw_terms_stand` for others than stand, `quotas_too_large`."""
    if strata is None:
        return
    if lottery.committed_draw.strata is not None:
        if tuple(strata) != lottery.strata:
            raise _terms_stand_error(lottery)
        return
    kept, packs = sum(stratum.quota for stratum in strata), lottery.packs
    if kept > packs:
        raise too_large_error(kept, packs)
    draws.fix_strata(lottery.db, lottery.round_id, strata, lottery.now)
    lottery.note(
        "draw.quotas",
        before=None,
        after={"strata": [stratum.__dict__ for stratum in strata]},
    )


def fix_within(lottery: Lottery, text: str | None) -> None:
    """Fix within what the winners are shared out between the arms, once. Raises `bad_within`,
    `no_arm`, `draw_terms_stand`.
    """
    if text is None:
        return
    try:
        within = ",".join(sharing.read_within(text))
    except ValueError as error:
        raise UsageFault(
            "bad_within",
            "winners are shared out within district, group or both, not {text}",
            hint="--within district, --within group, or --within district,group",
            text=text,
        ) from error
    if lottery.arm is None:
        raise VoucherError(
            "no_arm",
            "round {round} is drawn alone: there is nothing to share out",
            hint="voucher round create NEW --arm-of {round}",
            round=lottery.code,
        )
    if lottery.committed_draw.arms_within == within:
        return
    if lottery.committed_draw.arms_within is not None or lottery.committed_draw.published_at:
        raise _terms_stand_error(lottery)
    arms.fix_within(lottery.db, lottery.round_id, within)
    lottery.note("draw.arms", before=None, after={"arms_within": within})


def require_alike(lottery: Lottery) -> None:
    """Require that both arms are still lotteries drawn here, for the same group. Raises
    `arms_differ`.
    """
    first, *others = lottery.rounds
    for each in others:
        if each.drawn != "here" or each.row["group"] != first.row["group"]:
            raise VoucherError(
                "arms_differ",
                "round {arm} is an arm of {lead}: both are to be lotteries drawn here, for the same"
                " group",
                hint="voucher round edit {arm}",
                lead=first.code,
                arm=each.code,
            )


def too_large_error(kept: int, places: int) -> VoucherError:
    """The refusal of quotas that keep more places than there are."""
    return VoucherError(
        "quotas_too_large",
        "the quotas keep {kept:,} places, but there are only {places:,}",
        hint="smaller quotas, or more packs",
        kept=kept,
        places=places,
    )


def publish(lottery: Lottery, strata: Sequence[Stratum] | None) -> list[Entrant]:
    """Publish the list of entrants unless it is published already; return its entrants. Raises
    `entrants_changed`, `no_entrants`.
    """
    db, round_id = lottery.db, lottery.round_id
    if strata is not None or lottery.committed_draw.strata is None:
        fix_strata(lottery, strata or ())
    if lottery.committed_draw.published_at is None:
        require_alike(lottery)
        allocations.require_finished(lottery)
    entrants = list(draws.entrants(db, round_id))
    digest = law.digest(law.listed(entrants, lottery.latest.columns))
    if not entrants:
        raise VoucherError(
            "no_entrants",
            "nobody has applied for round {round}",
            hint="voucher application import FILE",
            round=lottery.code,
        )
    if lottery.committed_draw.published_at is None:
        draws.publish(
            db, round_id, (draws.applications(db, round_id), len(entrants)), digest, lottery.now
        )
        lottery.note(
            "draw.publish",
            before=None,
            after={"entrants": len(entrants), "entrants_sha256": digest},
        )
    elif digest != lottery.committed_draw.entrants_sha256:
        raise VoucherError(
            "entrants_changed",
            "the applications of round {round} are not those that were published: there are"
            " {ours:,} entrants, the published list has {said:,}",
            hint="no command changes applications after the list is published; see the log:"
            " voucher audit log --about {round}",
            round=lottery.code,
            ours=len(entrants),
            said=lottery.committed_draw.entrants,
        )
    return entrants


def warn_of_empty_strata(
    strata: Sequence[Stratum], entrants: Sequence[Entrant]
) -> tuple[Problem, ...]:
    """Warn of each stratum without an entrant: this is mostly a typing error, and the quotas can
    no longer change.
    """
    kinds = {(entrant.district, entrant.group) for entrant in entrants} if strata else set()
    return tuple(
        Problem(
            "stratum_empty",
            "nobody is in the stratum {stratum}: its {quota:,} places go to the others",
            level="warning",
            params={"stratum": law.named(stratum), "quota": stratum.quota},
        )
        for stratum in strata
        if not any(stratum.holds(*kind) for kind in kinds)
    )


def check_randomness(lottery: Lottery, text: str | None) -> tuple[Problem, ...]:
    """Refuse a draw without the announced text; warn of a text that was not announced."""
    source = lottery.committed_draw.public_source
    if text is None and source:
        raise VoucherError(
            "public_randomness_missing",
            "the draw of {round} was announced with a public text from: {source}",
            hint="voucher draw run {round} --public-randomness TEXT",
            round=lottery.code,
            source=source,
        )
    if text is not None and (not text.strip() or not text.isprintable()):
        raise UsageFault(
            "bad_public_randomness",
            "a public text is one line that is not blank",
            hint="--public-randomness TEXT",
        )
    if text is None or source:
        return ()
    return (
        Problem(
            "public_source_unannounced",
            "the source of the public text was not announced with the commitment: whoever knew the "
            "seed could choose the text",
            hint="next time: voucher draw commit ROUND --public-source TEXT",
            level="warning",
        ),
    )
