"""The certificate of a draw: all that a stranger needs to draw again, and what such a stranger
finds wrong with it.

Standard library only, no database: docs/lottery.md says every byte, so that it can be done in
another language.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Fault
from vouchercli.result import Word
from vouchercli.rules import arms as sharing
from vouchercli.rules import draws
from vouchercli.rules.arms import Arm, Arms
from vouchercli.rules.canonical import own_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.rules.draws import Entrant, Part, Stratum

KIND = "voucher draw 1"
WHOLE = Word("the places that were left")


@dataclass(frozen=True)
class Certificate:
    """One draw. Times are ISO-8601 with offset; the list's columns, digest and length are those of
    the published file.

    `barred` are the entrants that may not win, each with the reason: not_eligible, resident_limit.
    `arms`: the two rounds between which the winners are shared out; None: there is one round.
    """

    programme: str
    round: str
    seed: str
    seed_sha256: str
    public_source: str
    public_randomness: str | None
    effective_seed: str
    committed_at: str
    registration_closed_at: str
    strata_fixed_at: str
    published_at: str
    drawn_at: str
    applications: int
    entrants: int
    entrants_columns: tuple[str, ...]
    entrants_sha256: str
    barred: tuple[tuple[str, str], ...]
    places: int
    strata: tuple[Stratum, ...]
    parts: tuple[Part, ...]
    rest: Part
    arms: Arms | None = None

    @property
    def winners(self) -> tuple[str, ...]:
        """Every winning application, in the order in which they won."""
        return draws.Drawn(self.parts, self.rest).winners


NESTED = ("barred", "strata", "parts", "rest", "arms")


def document(certificate: Certificate, *, is_rehearsal: bool = False) -> dict[str, Any]:
    """The certificate as JSON shows it, its own digest included; that of a rehearsal says so."""
    values = {
        each.name: getattr(certificate, each.name)
        for each in fields(Certificate)
        if each.name not in NESTED
    }
    values["entrants_columns"] = list(certificate.entrants_columns)
    strata = [
        asdict(stratum) | _listed(part)
        for stratum, part in zip(certificate.strata, certificate.parts, strict=True)
    ]
    barred = [{"application_no": no, "reason": why} for no, why in certificate.barred]
    whole = {
        "certificate": KIND,
        **({"rehearsal": True} if is_rehearsal else {}),
        **values,
        "barred": barred,
        "strata": strata,
        "rest": _listed(certificate.rest),
        **({"arms": _arms(certificate.arms)} if certificate.arms else {}),
    }
    return whole | {"sha256": own_digest(whole)}


def _listed(part: Part) -> dict[str, Any]:
    return {
        "entrants": part.entrants,
        "winners": list(part.winners),
        "last_ticket": part.last_ticket,
    }


def _arms(arms: Arms) -> dict[str, Any]:
    rounds = [each._asdict() | {"winners": list(each.winners)} for each in arms.rounds]
    return {"within": list(arms.within), "rounds": rounds}


def read(whole: Any) -> Certificate:
    """The certificate of a JSON document. Raises `ValueError` naming what is missing or of another
    kind.
    """
    if not isinstance(whole, dict) or whole.get("certificate") != KIND:
        raise ValueError("certificate")
    kinds: dict[str, type | tuple[type, ...]] = {
        "public_randomness": (str, type(None)),
        "applications": int,
        "entrants": int,
        "entrants_columns": list,
        "places": int,
    }
    values = {
        each.name: _of(whole, each.name, kinds.get(each.name, str))
        for each in fields(Certificate)
        if each.name not in NESTED
    }
    values["entrants_columns"] = tuple(values["entrants_columns"])
    is_text = all(isinstance(column, str) for column in values["entrants_columns"])
    if not is_text or values["entrants_columns"] not in draws.CELLS:
        raise ValueError("entrants_columns")
    lines = _of(whole, "strata", list)
    barred = tuple(
        (_of(each, "application_no", str), _of(each, "reason", str))
        for each in _of(whole, "barred", list)
    )
    return Certificate(
        **values,
        barred=barred,
        strata=tuple(_stratum(line) for line in lines),
        parts=tuple(_part(line) for line in lines),
        rest=_part(_of(whole, "rest", dict)),
        arms=_read_arms(whole["arms"]) if "arms" in whole else None,
    )


def _read_arms(whole: Any) -> Arms:
    within, rounds = _of(whole, "within", list), _of(whole, "rounds", list)
    if len(rounds) != 2 or within not in [[*each[1:]] for each in draws.CELLS]:
        raise ValueError("arms")
    first, second = (
        Arm(_of(each, "round", str), _of(each, "places", int), _texts(each, "winners"))
        for each in rounds
    )
    return Arms(tuple(within), (first, second))


def _texts(line: Any, key: str) -> tuple[str, ...]:
    texts = _of(line, key, list)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(key)
    return tuple(texts)


def _of(whole: Any, key: str, kind: type | tuple[type, ...]) -> Any:
    value = whole.get(key) if isinstance(whole, dict) else None
    if (
        not isinstance(value, kind)
        or isinstance(value, bool)
        or (isinstance(value, int) and value < 0)
    ):
        raise ValueError(key)
    return value


def _stratum(line: Any) -> Stratum:
    return draws.Stratum(
        _of(line, "quota", int), _of(line, "district", str), _of(line, "group", str)
    )


def _part(line: Any) -> Part:
    return draws.Part(
        _of(line, "entrants", int),
        _texts(line, "winners"),
        _of(line, "last_ticket", (str, type(None))),
    )


# ---------------------------------------------------------------- what a stranger finds


def findings(
    whole: dict[str, Any],
    entrants: Sequence[Entrant],
    shown: Sequence[str],
    entrants_sha256: str,
    commitment: str | None = None,
) -> tuple[Fault, ...]:
    """Everything that does not fit in a certificate, beside the list it was drawn from; empty: the
    draw is proven.

    `commitment` is the digest of the seed as it was announced before the registration closed.
    Another list than the published one is not drawn from again. Raises `ValueError` when the
    document is no certificate.
    """
    it = read(whole)
    faults = [
        *_seal(whole),
        *_seeds(it, commitment),
        *_list(it, entrants, shown, entrants_sha256),
        *_quotas(it),
    ]
    codes = {fault.code for fault in faults}
    if "entrants_changed" not in codes:
        faults += _barred(it, entrants)
    if not codes & {"entrants_changed", "quota_wrong"}:
        drawn = draws.draw(allowed(entrants, it.barred), it.effective_seed, it.places, it.strata)
        faults += _winners(it, drawn)
        faults += _shares(it, drawn, entrants)
    return tuple(faults)


def allowed(entrants: Sequence[Entrant], barred: Sequence[tuple[str, str]]) -> Sequence[Entrant]:
    """The entrants who may win."""
    out = {no for no, _ in barred}
    return (
        [entrant for entrant in entrants if entrant.application_no not in out] if out else entrants
    )


def _seal(whole: dict[str, Any]) -> Iterator[Fault]:
    ours = own_digest(whole)
    if ours != whole.get("sha256"):
        yield Fault(
            (),
            "certificate_changed",
            "the certificate was changed: it states the digest {said}, but its digest is {ours}",
            params={"said": whole.get("sha256"), "ours": ours},
        )


def _seeds(it: Certificate, commitment: str | None) -> Iterator[Fault]:
    ours = draws.sha256(it.seed)
    if ours != it.seed_sha256:
        yield Fault(
            (),
            "seed_changed",
            "the seed is not the one that was committed: its digest is {ours}, the committed"
            " digest is {said}",
            params={"ours": ours, "said": it.seed_sha256},
        )
    if commitment is not None and commitment.strip().lower() != it.seed_sha256:
        yield Fault(
            (),
            "commitment_differs",
            "the announced digest is {announced}, but the certificate states {said}",
            params={"announced": commitment, "said": it.seed_sha256},
        )
    ours = draws.effective_seed(it.seed, it.public_randomness)
    if ours != it.effective_seed:
        yield Fault(
            (),
            "seed_changed",
            "the seed and the public text make {ours}, not {said}",
            params={"ours": ours, "said": it.effective_seed},
        )


def _list(
    it: Certificate, entrants: Sequence[Entrant], shown: Sequence[str], entrants_sha256: str
) -> Iterator[Fault]:
    """The list is the published one, in its order, and nobody is on it twice."""
    numbers = [entrant.application_no for entrant in entrants]
    if entrants_sha256 != it.entrants_sha256:
        yield _changed_list(it, numbers, entrants_sha256)
    elif tuple(shown) != it.entrants_columns or len(numbers) != it.entrants:
        yield Fault(
            (),
            "entrants_changed",
            "the list has {ours:,} entrants, the certificate says {said:,}",
            params={"ours": len(numbers), "said": it.entrants},
        )
    elif any(one >= other for one, other in pairwise(numbers)):
        yield Fault(
            (),
            "entrants_unsorted",
            "the published list is not in the order of its application numbers, each once",
        )


def _barred(it: Certificate, entrants: Sequence[Entrant]) -> Iterator[Fault]:
    """Whoever is barred is on the list, once."""
    listed = {entrant.application_no for entrant in entrants}
    seen: set[str] = set()
    for no, _ in it.barred:
        if no in seen or no not in listed:
            yield Fault(
                (),
                "barred_wrong",
                "the certificate bars {application} twice"
                if no in seen
                else "the certificate bars {application}, which is not on the list",
                params={"application": no},
            )
            return
        seen.add(no)


def _changed_list(it: Certificate, numbers: list[str], ours: str) -> Fault:
    if len(numbers) != it.entrants:
        return Fault(
            (),
            "entrants_changed",
            "the list is not the published one: it has {ours:,} entrants, the published list has"
            " {said:,}",
            params={"ours": len(numbers), "said": it.entrants},
        )
    if numbers != sorted(numbers):
        return Fault(
            (),
            "entrants_changed",
            "the list is not the published one: its lines are in another order",
        )
    return Fault(
        (),
        "entrants_changed",
        "the list is not the published one: its digest is {ours}, the published digest is {said}",
        params={"ours": ours, "said": it.entrants_sha256},
    )


def _quotas(it: Certificate) -> Iterator[Fault]:
    kept = sum(stratum.quota for stratum in it.strata)
    if kept > it.places:
        yield Fault(
            (),
            "quota_wrong",
            "the strata keep {kept:,} places, but there are only {places:,}",
            params={"kept": kept, "places": it.places},
        )


def _winners(it: Certificate, drawn: draws.Drawn) -> Iterator[Fault]:
    named = [*map(draws.named, it.strata), WHOLE]
    for name, said, ours in zip(
        named, (*it.parts, it.rest), (*drawn.parts, drawn.rest), strict=True
    ):
        if len(said.winners) != len(ours.winners):
            yield Fault(
                (),
                "quota_wrong",
                "{part}: the certificate has {said:,} winners, quota and tickets give {ours:,}",
                params={"part": name, "said": len(said.winners), "ours": len(ours.winners)},
            )
        elif said.winners != ours.winners:
            wrong = next(
                (one, other)
                for one, other in zip(said.winners, ours.winners, strict=True)
                if one != other
            )
            yield Fault(
                (),
                "winner_changed",
                "{part}: the certificate has {said} where the tickets give {ours}",
                params={"part": name, "said": wrong[0], "ours": wrong[1]},
            )
        elif said != ours:
            yield Fault(
                (),
                "winner_changed",
                "{part}: the last ticket or the count of entrants is not what the tickets give",
                params={"part": name},
            )


def _shares(it: Certificate, drawn: draws.Drawn, entrants: Sequence[Entrant]) -> Iterator[Fault]:
    """The winners are shared out between the arms as the seed says, each once."""
    if it.arms is None:
        return
    first, second = it.arms.rounds
    if first.round != it.round or second.round == it.round:
        yield Fault(
            (),
            "arms_wrong",
            "the arms are {first} and {second}, but the draw is that of {round}, whose own arm is"
            " the first",
            params={"first": first.round, "second": second.round, "round": it.round},
        )
    if sum(each.places for each in it.arms.rounds) != it.places or it.places < 1:
        yield Fault(
            (),
            "arms_wrong",
            "the arms have other places than the {places:,} that were drawn for",
            params={"places": it.places},
        )
        return
    shared = sharing.share_out(drawn.winners, entrants, it.effective_seed, it.arms)
    for arm, ours in zip(it.arms.rounds, shared, strict=True):
        if arm.winners != ours:
            yield Fault(
                (),
                "arms_wrong",
                "{round}: the certificate gives this arm other winners than the seed: it has"
                " {said:,}, the seed gives {ours:,}",
                params={"round": arm.round, "said": len(arm.winners), "ours": len(ours)},
            )
