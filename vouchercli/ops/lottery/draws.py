"""Lotteries: commit to a seed, publish who takes part, draw. Showing and proving a draw is in
certificates.py.

The order is the proof: the digest of the seed is out before the last application is in, the digest
of the list is out before the seed is. Chance enters in `commit_seed`, and nowhere else.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from vouchercli.ops.granting import allocations, grants
from vouchercli.ops.lottery import certificates, terms
from vouchercli.ops.lottery.tables import (
    Lottery,
    answer_with_draw,
    look_up_lottery,
    warn_of_barred,
)
from vouchercli.result import Message, say
from vouchercli.rules import allocations as granting
from vouchercli.rules import arms as sharing
from vouchercli.rules import canonical, times
from vouchercli.rules import certificates as proof
from vouchercli.rules import draws as law
from vouchercli.rules.arms import Arm, Arms
from vouchercli.store import arms as arms_store
from vouchercli.store import draws, winners
from vouchercli.store.allocations import has_exclusions, held_in_round
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Outcome
    from vouchercli.rules.draws import Drawn, Entrant, Stratum
    from vouchercli.session import Session

SEED_BYTES = 32


def commit_seed(
    session: Session,
    code: str,
    *,
    registration_closes_at: int | None = None,
    public_source: str = "",
    strata: Sequence[Stratum] | None = None,
    within: str | None = None,
    seed: bytes | None = None,
) -> Outcome:
    """Draw a seed, keep it sealed and give its digest to publish. `seed` stands in for chance in
    tests.

    Again: nothing more happens. Raises `registration_over`, `draw_terms_stand`.
    """
    announced = draws.Terms(registration_closes_at, public_source.strip())
    with writing(session):
        lottery = look_up_lottery(session, code)
        if lottery.draw is not None:
            return terms.repeat_commitment(lottery, announced, strata, within)
        terms.require_time(lottery, registration_closes_at)
        round_id = lottery.round_id
        draws.commit(session, round_id, seed or secrets.token_bytes(SEED_BYTES), announced)
        lottery.note(
            "draw.commit",
            before=None,
            after={
                "seed_sha256": lottery.latest.committed_draw.seed_sha256,
                "registration_closes_at": registration_closes_at,
                "public_source": announced.public_source,
            },
        )
        terms.fix_strata(lottery.latest, strata)
        terms.fix_within(lottery.latest, within)
        return answer_with_draw(
            lottery,
            say("committed to a seed for {round}; it stays secret until the draw", round=code),
            say(
                "next: publish the digest of the seed now; after {closes_at}: voucher draw entrants"
                " {round}",
                closes_at=lottery.local_end(lottery.latest.closes_at),
                round=code,
            ),
        )


def publish_entrants(
    session: Session, code: str, *, strata: Sequence[Stratum] | None = None, to: str | None = None
) -> Outcome:
    """Close the list of who takes part, once registration is closed, and write it. Raises
    `registration_still_open`, `entrants_changed`.
    """
    with writing(session):
        lottery = terms.look_up_committed(session, code)
        terms.require_closed(lottery)
        entrants = terms.publish(lottery, strata)
        count, shown = len(entrants), lottery.latest.columns
        written = None if session.dry_run else certificates.write_list(lottery, entrants, shown, to)
        return answer_with_draw(
            lottery,
            say("{round}: {count:,} entrants, one a person", round=code, count=count),
            say("next: publish the list and its digest, then voucher draw run {round}", round=code),
            problems=terms.warn_of_empty_strata(lottery.latest.strata, entrants),
            file=written,
        )


def draw(
    session: Session,
    code: str,
    public_randomness: str | None = None,
    *,
    strata: Sequence[Stratum] | None = None,
    to: str | None = None,
    at: int | None = None,
) -> Outcome:
    """Reveal the seed and draw: the winners become claims, or are kept for the platform that they
    are handed to; the certificate is kept and written. Again: nothing more happens.

    `at` is when the winners' packs count as claimed (else now, within the round's hours). A dry run
    tells what would be drawn from, never who would win. Raises `draw_not_committed`,
    `registration_still_open`, `entrants_changed` ...
    """
    with writing(session):
        lottery = terms.look_up_committed(session, code)
        if lottery.certificate is None:
            terms.require_open(lottery)
            entrants = terms.publish(lottery, strata)
            problems = (
                *terms.warn_of_empty_strata(lottery.latest.strata, entrants),
                *terms.check_randomness(lottery.latest, public_randomness),
            )
            if session.dry_run:
                return answer_with_draw(
                    lottery,
                    say(
                        "{round} would be drawn from {count:,} entrants",
                        round=code,
                        count=len(entrants),
                    ),
                    problems=problems,
                )
            row = lottery.row
            claimed_at = min(
                max(session.now if at is None else at, row["opens_at"]), row["closes_at"] - 1
            )
            drawn = _draw(lottery.latest, entrants, public_randomness, claimed_at)
            if (certificate := lottery.latest.certificate) is not None:
                problems = (*problems, *warn_of_barred(certificate))
            says = (
                say(
                    "drew {round}: {winners:,} of {entrants:,} entrants won",
                    round=code,
                    winners=len(drawn.winners),
                    entrants=len(entrants),
                ),
                *_say_handed(lottery),
            )
        else:
            entrants, problems = None, ()
            says = (
                say(
                    "round {round} was drawn on {at}; nothing was changed",
                    round=code,
                    at=lottery.local_time(lottery.committed_draw.drawn_at or 0),
                ),
            )
        outcome = answer_with_draw(lottery, *says, problems=problems)
    return (
        outcome
        if session.dry_run
        else certificates.write_files(lottery.latest, outcome, to, entrants)
    )


def next_step(
    session: Session, code: str, public_randomness: str | None = None, *, is_sure: bool = False
) -> Outcome:
    """Take the next step of a lottery: commit to a seed, wait for the closing, or draw.

    A seed is fixed for good, and here without a public source: only when `is_sure`. Raises
    `seed_without_source` with the terms otherwise.
    """
    lottery = look_up_lottery(session, code)
    if lottery.draw is None:
        if not (is_sure or session.dry_run):
            raise terms.refuse_unasked(lottery)
        return commit_seed(session, code)
    if lottery.certificate is None and session.now < lottery.closes_at:
        return answer_with_draw(
            lottery,
            say(
                "{round} has its seed; the draw follows after registration closes at {closes_at}",
                round=code,
                closes_at=lottery.local_end(lottery.closes_at),
            ),
        )
    return draw(session, code, public_randomness)


def describe_commitment(session: Session, code: str) -> Message | None:
    """Describe what the next step would fix for good; None when the seed is committed already."""
    lottery = look_up_lottery(session, code)
    if lottery.draw is not None:
        return None
    refusal = terms.refuse_unasked(lottery)
    return Message(refusal.text, refusal.params)


def _say_handed(lottery: Lottery) -> tuple[Message, ...]:
    """Say how the winners of a platform's rounds come to it."""
    return tuple(
        say(
            "next: voucher round order {round}; the numbers of the winners go to {platform} with"
            " the order",
            round=each.code,
            platform=each.row["platform"],
        )
        for each in lottery.rounds
        if each.row["hands_winners"]
    )


# ---------------------------------------------------------------- the draw itself


def _draw(lottery: Lottery, entrants: Sequence[Entrant], public: str | None, at: int) -> Drawn:
    """Draw, store the certificate, grant the packs or keep who is handed on; return the result."""
    row, round_row = lottery.committed_draw, lottery.row
    places = sum(each.row["seats"] - each.row["claimed"] for each in lottery.rounds)
    kept = sum(stratum.quota for stratum in lottery.strata)
    if kept > places:
        raise terms.too_large_error(kept, places)
    seed, barred = draws.seed(lottery.session.path, row), _list_barred(lottery, at)
    effective = law.effective_seed(seed, public)
    drawn = law.draw(proof.allowed(entrants, barred), effective, places, lottery.strata)
    arms = _share_out(lottery, drawn, entrants, effective)

    def iso(at: int | None) -> str:
        assert at is not None  # what is drawn was published, its quotas fixed
        return times.iso(at, lottery.zone)

    document = proof.document(
        proof.Certificate(
            programme=round_row["programme"],
            round=lottery.code,
            seed=seed,
            seed_sha256=row.seed_sha256,
            public_source=row.public_source,
            public_randomness=public,
            effective_seed=effective,
            committed_at=iso(row.committed_at),
            # a round may still open later once its list is out; nobody could apply any more then
            registration_closed_at=iso(min(lottery.closes_at, row.published_at or lottery.now)),
            strata_fixed_at=iso(row.strata_fixed_at),
            published_at=iso(row.published_at),
            drawn_at=iso(lottery.now),
            applications=row.applications,
            entrants=row.entrants,
            entrants_columns=lottery.columns,
            entrants_sha256=row.entrants_sha256,
            barred=barred,
            places=places,
            strata=lottery.strata,
            parts=drawn.parts,
            rest=drawn.rest,
            arms=arms,
        ),
        is_rehearsal=lottery.session.is_rehearsal,
    )
    won = (drawn.winners,) if arms is None else tuple(each.winners for each in arms.rounds)
    for each, numbers in zip(lottery.rounds, won, strict=True):
        if each.row["hands_winners"]:
            winners.add(lottery.db, each.round_id, lottery.round_id, numbers)
    draws.draw(lottery.session, lottery.round_id, canonical.text(document))
    for each, numbers in zip(lottery.rounds, won, strict=True):
        if each.row["lead_id"] is not None:
            arms_store.join_persons(lottery.db, each.round_id, lottery.round_id)
        if not each.row["hands_winners"]:
            _grant(lottery, each, numbers, at)
    lottery.note(
        "draw.run",
        before={"claimed": round_row["claimed"]},
        after={
            "seed": seed,
            "public_randomness": public,
            "winners": len(drawn.winners),
            "certificate_sha256": document["sha256"],
        },
    )
    return drawn


def _share_out(
    lottery: Lottery, drawn: Drawn, entrants: Sequence[Entrant], effective: str
) -> Arms | None:
    """Share the winners out between the round and its arm; None: it is drawn alone."""
    if lottery.arm is None:
        return None
    first, second = (
        Arm(each.code, each.row["seats"] - each.row["claimed"]) for each in lottery.rounds
    )
    arms = Arms(lottery.within, (first, second))
    shared = sharing.share_out(drawn.winners, entrants, effective, arms)
    return arms._replace(
        rounds=(first._replace(winners=shared[0]), second._replace(winners=shared[1]))
    )


def _list_barred(lottery: Lottery, at: int) -> tuple[tuple[str, str], ...]:
    """List the entrants who may not have a pack at that second, of either arm, each with the reason
    from `rules.allocations`.
    """
    barred: dict[str, str] = {}
    for each in lottery.rounds:
        barred = dict(_list_barred_from(lottery, each, at)) | barred
    return tuple(sorted(barred.items()))


def _list_barred_from(
    lottery: Lottery, current: RoundAtHand, at: int
) -> tuple[tuple[str, str], ...]:
    holders = allocations.Holders(current, 1, lottery.round_id)
    limits, held = holders.limits, holders.held
    may_bar = current.row["group"] or current.row["claimed"] or limits.looks_beyond_the_round
    if not may_bar and not has_exclusions(lottery.db, current.row["programme_id"]):
        return ()
    if not limits.looks_beyond_the_round:
        held.in_round.update(held_in_round(lottery.db, current.round_id))
    barred = []
    for application_no, entry in draws.entries(lottery.db, lottery.round_id, at, lottery.now):
        if limits.looks_beyond_the_round:
            holders.learn(entry.person)
        if why := granting.reason(entry, limits, held, lottery.zone):
            barred.append((application_no, why))
    return tuple(barred)


def _grant(lottery: Lottery, current: RoundAtHand, winners: Sequence[str], at: int) -> None:
    """Give every winner a pack of the round, in the order in which they won, within its hours."""
    row = current.row
    at = min(max(at, row["opens_at"]), row["closes_at"] - 1)
    rows = list(draws.applicants(lottery.db, lottery.round_id, winners))
    grants.grant(current, ((resident, application_id, at) for resident, application_id in rows))
