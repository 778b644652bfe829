"""What a draw asks before it goes on: a commitment in time, a closed registration, quotas that fit,
the list that was published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.granting import allocations
from vouchercli.ops.lottery.tables import Lottery, answer_with_draw, look_up_lottery
from vouchercli.result import Problem, Word, say
from vouchercli.rules import draws as law
from vouchercli.rules import rounds
from vouchercli.store import draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Outcome
    from vouchercli.rules.draws import Entrant, Stratum
    from vouchercli.session import Session


def look_up_committed(session: Session, code: str) -> Lottery:
    """The lottery of that round, its seed committed to. Raises `draw_not_committed`."""
    each = look_up_lottery(session, code)
    if each.draw is None and session.now < each.closes_at:
        raise VoucherError(
            "draw_not_committed",
            "no seed is committed to for round {round}",
            hint="voucher draw commit {round}",
            round=code,
        )
    if each.draw is None:
        raise VoucherError(
            "draw_not_committed",
            "no seed was committed to before the registration of round {round} closed at"
            " {closes_at}",
            hint="give the round a later opening, then voucher draw commit {round}",
            round=code,
            closes_at=each.local_time(each.closes_at),
        )
    return each


def repeat_commitment(
    each: Lottery, terms: draws.Terms, strata: Sequence[Stratum] | None
) -> Outcome:
    """The same commitment again is harmless; quotas may still be given; other terms are refused."""
    announced = draws.Terms(
        each.committed_draw.registration_closes_at, each.committed_draw.public_source
    )
    if any(value not in (None, "", stands) for value, stands in zip(terms, announced, strict=True)):
        raise _terms_stand_error(each)
    fix_strata(each, strata)
    return answer_with_draw(
        each,
        say("round {round} already has a seed; nothing was changed", round=each.code),
    )


def _terms_stand_error(each: Lottery) -> VoucherError:
    return VoucherError(
        "draw_terms_stand",
        "the terms of the draw of {round} are announced and cannot change",
        hint="voucher draw show {round}",
        round=each.code,
    )


def require_time(each: Lottery, registration_closes_at: int | None) -> None:
    """The commitment comes before registration closes, and that no later than the round opens."""
    row = each.row
    if row["state"] not in rounds.BEFORE_OPENING:
        raise VoucherError(
            "registration_over",
            "round {round} is {state}: it is too late to commit to a seed",
            hint="voucher round list",
            round=each.code,
            state=Word(row["state"]),
        )
    if registration_closes_at is not None and registration_closes_at > row["opens_at"]:
        raise VoucherError(
            "registration_closes_late",
            "registration would close at {closes_at}, after the round opens at {opens_at}",
            hint="an earlier --registration-closes",
            closes_at=each.local_time(registration_closes_at),
            opens_at=each.local_time("opens_at"),
        )
    closes_at = law.registration_closes_at(row["opens_at"], registration_closes_at)
    if each.now >= closes_at:
        raise VoucherError(
            "registration_over",
            "the registration of round {round} closed at {closes_at}: a seed is committed to before"
            " that",
            hint="give the round a later opening: voucher round edit {round} --opens-at TIME",
            round=each.code,
            closes_at=each.local_time(closes_at),
        )


def require_closed(each: Lottery) -> None:
    """Raise `registration_still_open` unless nobody can apply any more."""
    if each.now < each.closes_at:
        raise VoucherError(
            "registration_still_open",
            "the registration of round {round} closes at {closes_at}; it is {now} now",
            hint="wait until then",
            round=each.code,
            closes_at=each.local_time(each.closes_at),
            now=each.local_time(each.now),
        )


def require_open(each: Lottery) -> None:
    """A draw hands out packs at once: it needs a closed registration and an open round with packs
    left.
    """
    require_closed(each)
    row = each.row
    if row["state"] != "open":
        raise VoucherError(
            "wrong_state",
            "round {round} is {state}: it is drawn while it is open",
            hint=(
                "voucher round open {round}"
                if row["state"] == "approved"
                else "voucher round show {round}"
            ),
            round=each.code,
            state=Word(row["state"]),
        )
    if row["claimed"] >= row["packs"]:
        raise VoucherError(
            "no_places",
            "all {packs:,} packs of round {round} are claimed: nothing is left to draw for",
            hint="voucher round show {round}",
            packs=row["packs"],
            round=each.code,
        )


# ---------------------------------------------------------------- quotas and the list


def fix_strata(each: Lottery, strata: Sequence[Stratum] | None) -> None:
    """Fix the quotas, once. Raises `draw_terms_stand` for others than stand, `quotas_too_large`."""
    if strata is None:
        return
    if each.committed_draw.strata is not None:
        if tuple(strata) != each.strata:
            raise _terms_stand_error(each)
        return
    kept, packs = sum(stratum.quota for stratum in strata), each.row["packs"]
    if kept > packs:
        raise too_large_error(kept, packs)
    draws.fix_strata(each.db, each.round_id, strata, each.now)
    each.note(
        "draw.quotas",
        before=None,
        after={"strata": [stratum.__dict__ for stratum in strata]},
    )


def too_large_error(kept: int, places: int) -> VoucherError:
    """The refusal of quotas that keep more than there is."""
    return VoucherError(
        "quotas_too_large",
        "the quotas keep {kept:,} places, but there are only {places:,}",
        hint="smaller quotas, or more packs",
        kept=kept,
        places=places,
    )


def publish(each: Lottery, strata: Sequence[Stratum] | None) -> list[Entrant]:
    """The entrants of the published list; it is published now when it was not. Raises
    `entrants_changed`, `no_entrants`.
    """
    db, round_id = each.db, each.round_id
    if strata is not None or each.committed_draw.strata is None:
        fix_strata(each, strata or ())
    quotas = each.latest.strata
    if each.committed_draw.published_at is None:
        allocations.require_finished(each)
    entrants = list(draws.entrants(db, round_id))
    digest = law.digest(law.listed(entrants, law.columns(quotas)))
    if not entrants:
        raise VoucherError(
            "no_entrants",
            "nobody has applied for round {round}",
            hint="voucher application import FILE",
            round=each.code,
        )
    if each.committed_draw.published_at is None:
        draws.publish(
            db, round_id, (draws.applications(db, round_id), len(entrants)), digest, each.now
        )
        each.note(
            "draw.publish",
            before=None,
            after={"entrants": len(entrants), "entrants_sha256": digest},
        )
    elif digest != each.committed_draw.entrants_sha256:
        raise VoucherError(
            "entrants_changed",
            "the applications of round {round} are not those that were published: there are"
            " {ours:,} entrants, the published list has {said:,}",
            hint="no command changes applications after the list is published; see the log:"
            " voucher audit log --about {round}",
            round=each.code,
            ours=len(entrants),
            said=each.committed_draw.entrants,
        )
    return entrants


def warn_of_empty_strata(
    strata: Sequence[Stratum], entrants: Sequence[Entrant]
) -> tuple[Problem, ...]:
    """A warning for each stratum without a single entrant: mostly a slip of the pen, and it can no
    longer be mended.
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


def check_randomness(each: Lottery, text: str | None) -> tuple[Problem, ...]:
    """Refuse a draw without the text that was announced; warn of a text that nobody announced."""
    source = each.committed_draw.public_source
    if text is None and source:
        raise VoucherError(
            "public_randomness_missing",
            "the draw of {round} was announced with a public text from: {source}",
            hint="voucher draw run {round} --public-randomness TEXT",
            round=each.code,
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
