"""One lottery at hand, and how it is shown: the answer in JSON, and the tables for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.granting import allocations
from vouchercli.ops.rounds.lookup import Found, found
from vouchercli.result import Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import certificates, times
from vouchercli.rules import draws as law
from vouchercli.store import draws

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.result import Message
    from vouchercli.rules.certificates import Certificate
    from vouchercli.rules.draws import Stratum
    from vouchercli.session import Session


STEPS = {
    "not_committed": Word("no seed yet"),
    "committed": Word("seed committed"),
    "published": Word("list published"),
    "drawn": Word("drawn"),
}


@dataclass(frozen=True)
class Lottery:
    """A round of mode lottery with its draw (None: nothing is committed yet)."""

    it: Found
    row: sqlite3.Row | None

    @property
    def code(self) -> str:
        """The round's code."""
        return str(self.it.row["round"])

    @property
    def zone(self) -> str:
        """The programme's time zone."""
        return str(self.it.row["time_zone"])

    @property
    def closes_at(self) -> int:
        """When registration closes."""
        return law.registration_closes_at(
            self.it.row["opens_at"], self.row["registration_closes_at"] if self.row else None
        )

    @property
    def strata(self) -> tuple[Stratum, ...]:
        """The quotas, once they are fixed."""
        return draws.strata(self.row) if self.row else ()

    @property
    def step(self) -> str:
        """How far it has come: not_committed, committed, published, drawn."""
        if self.row is None:
            return "not_committed"
        return (
            "drawn"
            if self.row["drawn_at"]
            else "published"
            if self.row["published_at"]
            else "committed"
        )

    @property
    def kept(self) -> sqlite3.Row:
        """The draw's row, where a commitment was asked for before."""
        assert self.row is not None
        return self.row

    @cached_property
    def certificate(self) -> Certificate | None:
        """The certificate, once it is drawn."""
        return (
            certificates.read(json.loads(self.row["certificate"]))
            if self.row and self.row["certificate"]
            else None
        )


def lottery(session: Session, code: str) -> Lottery:
    """The lottery of that round. Raises `unknown_round`, `not_a_lottery`, `platform_round`."""
    it = found(session, code)
    if it.row["mode"] != "lottery":
        raise VoucherError(
            "not_a_lottery",
            "round {round} is not a lottery: its mode is {mode}",
            hint="voucher round show {round}",
            round=code,
            mode=Word(it.row["mode"]),
        )
    if it.row["platform"]:
        raise allocations.platform_round(it.row)
    return Lottery(it, draws.found(session.db, it.row["round_id"]))


def told(
    session: Session, code: str, *says: Message, problems: tuple[Problem, ...] = (), **more: Any
) -> Outcome:
    """The answer of every deed: the draw as it now stands, and what to do next."""
    each = lottery(session, code)
    return Outcome(described(session, each) | more, tables(session, each), says, problems)


# ---------------------------------------------------------------- JSON


def described(session: Session, each: Lottery) -> dict[str, Any]:
    """A draw as JSON shows it; the seed only when it is revealed."""
    row, certificate = each.row, each.certificate
    facts: dict[str, Any] = {
        "round": each.code,
        "programme": each.it.row["programme"],
        "step": each.step,
        "registration_closes_at": times.iso(each.closes_at, each.zone),
    }
    for key in (
        "seed_sha256",
        "public_source",
        "committed_by",
        "applications",
        "entrants",
        "entrants_sha256",
        "drawn_by",
    ):
        facts[key] = row[key] if row else None
    for key in ("committed_at", "strata_fixed_at", "published_at", "drawn_at"):
        facts[key] = times.iso(row[key], each.zone) if row and row[key] is not None else None
    return facts | {
        "applications_now": draws.applications(session.db, each.it.row["round_id"]),
        "strata": strata_data(each),
        "seed": certificate.seed if certificate else None,
        "public_randomness": certificate.public_randomness if certificate else None,
        "places": certificate.places if certificate else None,
        "winners": len(certificate.winners) if certificate else None,
        "losers": certificate.entrants - len(certificate.winners) if certificate else None,
        "certificate_sha256": (
            json.loads(row["certificate"])["sha256"] if row and certificate else None
        ),
    }


def strata_data(each: Lottery) -> list[dict[str, Any]]:
    """By stratum: its quota, and once drawn who took part in it and who won."""
    certificate = each.certificate
    parts = certificate.parts if certificate else [None] * len(each.strata)
    return [
        {
            "district": stratum.district,
            "group": stratum.group,
            "quota": stratum.quota,
            "entrants": part.entrants if part else None,
            "winners": len(part.winners) if part else None,
        }
        for stratum, part in zip(each.strata, parts, strict=True)
    ]


# ---------------------------------------------------------------- tables


def tables(session: Session, each: Lottery) -> tuple[Table, ...]:
    """What stands of the draw line by line, and its quotas."""
    data = described(session, each)
    facts = {
        "seed committed": data["committed_at"],
        "digest of the seed": data["seed_sha256"],
        "public source": data["public_source"],
        "registration closes": data["registration_closes_at"],
        "applications": f"{data['applications_now']:,}",
        "list published": data["published_at"],
        "entrants": _number(data["entrants"]),
        "digest of the list": data["entrants_sha256"],
        "drawn": data["drawn_at"],
        "seed": data["seed"],
        "public text": data["public_randomness"],
        "places": _number(data["places"]),
        "winners": _number(data["winners"]),
        "not drawn": _number(data["losers"]),
        "digest of the certificate": data["certificate_sha256"],
    }
    lines = tuple({"what": what, "value": value} for what, value in facts.items() if value)
    first = Table(
        say("Draw of {round}: {step}", round=each.code, step=STEPS[each.step]),
        (Column("what", "what", "word"), Column("value", "value")),
        lines,
    )
    return (first, _strata_table(each)) if each.strata else (first,)


def _strata_table(each: Lottery) -> Table:
    columns = (
        Column("district", "district", blank="any"),
        Column("group", "group", blank="any"),
        Column("quota", "quota", "int"),
        Column("entrants", "entrants", "int"),
        Column("winners", "winners", "int"),
    )
    return Table(
        say("Places kept for strata"),
        columns,
        tuple(strata_data(each)),
        notes=(
            say(
                "Places that a stratum cannot fill go to all who have not won, by the same tickets."
            ),
        ),
    )


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"
