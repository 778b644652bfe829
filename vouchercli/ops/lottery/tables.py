"""A command looks up one lottery, and shows it to people and to programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.answers import dated
from vouchercli.ops.granting.grants import REASONS
from vouchercli.ops.rounds.lookup import RoundAtHand, look_up
from vouchercli.result import (
    DATA,
    EVERYWHERE,
    JSON,
    SCREEN,
    SHOWN,
    Column,
    Outcome,
    Problem,
    Table,
    Word,
    only,
    say,
)
from vouchercli.rules import arms as sharing
from vouchercli.rules import certificates
from vouchercli.rules import draws as law
from vouchercli.store import arms, draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Message
    from vouchercli.rules.certificates import Certificate
    from vouchercli.rules.draws import Stratum
    from vouchercli.session import Session
    from vouchercli.store.draws import Draw


STEPS = {
    "not_committed": Word("no seed yet"),
    "committed": Word("seed committed"),
    "published": Word("list published"),
    "drawn": Word("drawn"),
}


@dataclass(frozen=True)
class Lottery(RoundAtHand):
    """A round of mode lottery with its draw (None: nothing is committed yet)."""

    draw: Draw | None = None

    @property
    def latest(self) -> Lottery:
        """The same lottery, read again after a change."""
        return look_up_lottery(self.session, self.code)

    @property
    def closes_at(self) -> int:
        """When registration closes."""
        return law.registration_closes_at(
            self.row["opens_at"], self.draw.registration_closes_at if self.draw else None
        )

    @property
    def strata(self) -> tuple[Stratum, ...]:
        """The quotas, once they are fixed."""
        return (self.draw.strata or ()) if self.draw else ()

    @cached_property
    def arm(self) -> RoundAtHand | None:
        """The round that is drawn together with it; None: it is drawn alone."""
        code = arms.arm_of(self.db, self.round_id)
        return None if code is None else look_up(self.session, code)

    @property
    def rounds(self) -> tuple[RoundAtHand, ...]:
        """Itself, and its arm if it has one."""
        return (self,) if self.arm is None else (self, self.arm)

    @property
    def packs(self) -> int:
        """How many packs there are in all of them."""
        return sum(each.row["packs"] for each in self.rounds)

    @property
    def within(self) -> tuple[str, ...]:
        """Within what the winners are shared out between the arms."""
        return sharing.read_within((self.draw.arms_within or "") if self.draw else "")

    @property
    def columns(self) -> tuple[str, ...]:
        """What the list of entrants shows."""
        return sharing.columns(self.strata, self.within if self.arm else ())

    @property
    def step(self) -> str:
        """The last step taken: not_committed, committed, published or drawn."""
        if self.draw is None:
            return "not_committed"
        return (
            "drawn"
            if self.draw.drawn_at
            else "published"
            if self.draw.published_at
            else "committed"
        )

    @property
    def committed_draw(self) -> Draw:
        """The row of the draw, for callers that have checked the commitment."""
        assert self.draw is not None
        return self.draw

    @cached_property
    def certificate(self) -> Certificate | None:
        """The certificate, once it is drawn."""
        return (
            certificates.read(json.loads(self.draw.certificate))
            if self.draw and self.draw.certificate
            else None
        )


def look_up_lottery(session: Session, code: str) -> Lottery:
    """Look up the lottery of a round. Raises `unknown_round`, `not_a_lottery`, `platform_round`,
    `arm_of_another`.
    """
    current = look_up(session, code)
    if current.row["mode"] != "lottery":
        raise VoucherError(
            "not_a_lottery",
            "round {round} is not a lottery: its mode is {mode}",
            hint="voucher round show {round}",
            round=code,
            mode=Word(current.row["mode"]),
        )
    if current.drawn == "platform":
        raise _drawn_elsewhere_error(current)
    if current.row["lead_id"] is not None:
        raise VoucherError(
            "arm_of_another",
            "round {round} is drawn together with {lead}",
            hint="voucher draw show {lead}",
            round=code,
            lead=arms.code_of(current.db, current.row["lead_id"]),
        )
    return Lottery(
        current.session,
        current.row,
        current.programme,
        current.template,
        draws.kept(current.db, current.round_id),
    )


def _drawn_elsewhere_error(current: RoundAtHand) -> VoucherError:
    """The refusal to draw the lots that a platform draws."""
    return VoucherError(
        "platform_round",
        "the lots of round {round} are drawn by {platform}, not here",
        hint="to draw here and hand the winners on: voucher round edit {round} --drawn here",
        round=current.code,
        platform=current.row["platform"],
    )


def answer_with_draw(
    lottery: Lottery, *says: Message, problems: tuple[Problem, ...] = (), **more: Any
) -> Outcome:
    """Answer a command with the draw as it now stands, and say what to do next."""
    lottery = lottery.latest
    barred = lottery.certificate.barred if lottery.certificate else ()
    tables = (
        _tabulate_draw(lottery),
        _tabulate_strata(lottery),
        _tabulate_arms(lottery),
        *tabulate_barred(barred),
    )
    return Outcome(more, tables, says, problems)


def warn_of_barred(certificate: Certificate) -> tuple[Problem, ...]:
    """Warn of entrants who could not win: who was barred after the list was read is seen here."""
    if not certificate.barred:
        return ()
    return (
        Problem(
            "entrants_barred",
            "{barred:,} of {entrants:,} entrants could not win",
            level="warning",
            hint="they stand in the certificate, each with the reason: ask when it arose",
            params={"barred": len(certificate.barred), "entrants": certificate.entrants},
        ),
    )


def tabulate_barred(barred: Sequence[tuple[str, str]]) -> tuple[Table, Table]:
    """Tabulate who could not win and why: on a screen the first of them, elsewhere all."""
    rows = tuple(
        {"application_no": no, "reason": why, "why": Word(REASONS.get(why, why))}
        for no, why in barred
    )
    title = say("Barred: on the list, but not allowed to win")
    more = say("{count:,} more stand in the certificate.", count=len(rows) - SHOWN_BARRED)
    notes = (more,) if len(rows) > SHOWN_BARRED else ()
    shown = Table(title, BARRED, rows[:SHOWN_BARRED], notes=notes, where=SCREEN, optional=True)
    return shown, Table(title, BARRED, rows, key="barred", where=DATA, optional=True)


# ---------------------------------------------------------------- tables

DRAW = (
    Column("committed_at", "seed committed"),
    Column("seed_sha256", "digest of the seed"),
    Column("public_source", "public source"),
    Column("registration_closes_at", "registration closes"),
    Column("applications_now", "applications", "int"),
    Column("published_at", "list published"),
    Column("entrants", "entrants", "int"),
    Column("entrants_sha256", "digest of the list"),
    Column("drawn_at", "drawn"),
    Column("seed", "seed"),
    Column("public_randomness", "public text"),
    Column("places", "places", "int"),
    Column("winners", "winners", "int"),
    Column("losers", "not drawn", "int"),
    Column("barred_entrants", "of these barred", "int", shown="barred_if_any"),
    Column("certificate_sha256", "digest of the certificate"),
    *only(JSON, "round", "programme", "step", "committed_by", "applications", "drawn_by"),
    *only(JSON, "strata_fixed_at", "arms_within"),
)
BARRED = (
    Column("application_no", "Application"),
    Column("reason", "Reason", "code"),
    Column("why", "Explanation", "word", where=SHOWN),
)
SHOWN_BARRED = 20
ARMS = (
    Column("round", "round"),
    Column("packs", "packs", "int"),
    Column("places", "places", "int"),
    Column("winners", "winners", "int"),
)
STRATA = (
    Column("district", "district", blank="any"),
    Column("group", "group", blank="any"),
    Column("quota", "quota", "int"),
    Column("entrants", "entrants", "int"),
    Column("winners", "winners", "int"),
)


def _tabulate_draw(lottery: Lottery) -> Table:
    """Tabulate the draw line by line; its times carry their offset, as in a certificate. The seed
    appears only after it is revealed.
    """
    row, certificate = lottery.draw, lottery.certificate
    facts = {
        **(row._asdict() if row else {}),
        "round": lottery.code,
        "programme": lottery.row["programme"],
        "step": lottery.step,
        "registration_closes_at": lottery.closes_at,
        "applications_now": draws.applications(lottery.db, lottery.round_id),
    }
    if certificate and row:
        facts |= {
            "seed": certificate.seed,
            "public_randomness": certificate.public_randomness,
            "places": certificate.places,
            "winners": len(certificate.winners),
            "losers": certificate.entrants - len(certificate.winners),
            "barred_entrants": len(certificate.barred),
            "barred_if_any": len(certificate.barred) or None,
            "certificate_sha256": json.loads(str(row.certificate))["sha256"],
        }
    title = say("Draw of {round}: {step}", round=lottery.code, step=STEPS[lottery.step])
    return Table(title, DRAW, (dated(facts, lottery.zone),), key="", is_record=True)


def _tabulate_strata(lottery: Lottery) -> Table:
    """Tabulate the strata: the quota, and after the draw how many took part and won."""
    certificate = lottery.certificate
    parts = certificate.parts if certificate else [None] * len(lottery.strata)
    rows = tuple(
        {
            **stratum.__dict__,
            "entrants": part.entrants if part else None,
            "winners": len(part.winners) if part else None,
        }
        for stratum, part in zip(lottery.strata, parts, strict=True)
    )
    note = say("Places that a stratum cannot fill go to all who have not won, by the same tickets.")
    where = EVERYWHERE if rows else JSON
    title = say("Places kept for strata")
    return Table(title, STRATA, rows, notes=(note,), key="strata", where=where)


def _tabulate_arms(lottery: Lottery) -> Table:
    """Tabulate the two arms: the packs, and after the draw how many won in each."""
    shared = lottery.certificate.arms if lottery.certificate else None
    won = {each.round: each for each in shared.rounds} if shared else {}
    rows = tuple(
        {
            "round": each.code,
            "packs": each.row["packs"],
            "places": won[each.code].places if each.code in won else None,
            "winners": len(won[each.code].winners) if each.code in won else None,
        }
        for each in lottery.rounds
    )
    within = ", ".join(lottery.within)
    notes = (
        say("The winners are shared out by the places, within each {within}.", within=within)
        if within
        else say("The winners are shared out by the places."),
    )
    title = say("Arms of one draw")
    is_shown = lottery.arm is not None
    return Table(
        title,
        ARMS,
        rows if is_shown else (),
        notes=notes,
        key="arms",
        where=EVERYWHERE if is_shown else JSON,
    )
