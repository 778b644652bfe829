"""What a certificate of a draw says of its own course: the order of its moments, its counts, its
keys, and the terms that were announced before.

Who signs nothing can still state another year for all moments alike; `UNPROVEN` says what no file
of a draw can prove.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.documents import Fault
from vouchercli.result import Word
from vouchercli.rules import arms
from vouchercli.rules.arms import Arm, Arms
from vouchercli.rules.certificates import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_KEYS = {each.name for each in fields(Certificate)} | {"certificate", "rehearsal", "sha256"}
PART = {"entrants", "winners", "last_ticket"}
KEYS_OF = {
    "strata": PART | {"quota", "district", "group"},
    "barred": {"application_no", "reason"},
}
# Each must be no later than the next; the commitment is earlier than the closing by a second at
# least.
ORDERS = (
    ("committed_at", "registration_closed_at", "published_at", "drawn_at"),
    ("committed_at", "strata_fixed_at", "published_at"),
)
MOMENTS = {
    "committed_at": Word("the commitment"),
    "registration_closed_at": Word("the closing of registration"),
    "strata_fixed_at": Word("the fixing of the quotas"),
    "published_at": Word("the publishing of the list"),
    "drawn_at": Word("the draw"),
}
# What only somebody else's knowledge can prove, whatever the files say.
UNPROVEN = ("times", "applications", "persons", "reasons")


class Announced(NamedTuple):
    """What a stranger knows of the announcement, made before registration closed; None: does not
    know.
    """

    commitment: str | None = None
    programme: str | None = None
    round: str | None = None
    public_source: str | None = None


UNKNOWN = Announced()


def findings(
    whole: dict[str, Any], it: Certificate, announced: Announced = UNKNOWN
) -> tuple[Fault, ...]:
    """Everything that cannot be so, or is not what was announced. `it` is `whole`, read."""
    return (*_keys(whole), *_moments(it), *_counts(it), *_source(it), *_terms(it, announced))


def unproven(announced: Announced) -> list[str]:
    """What a draw that fits in everything still does not prove: what was not given of the
    announcement, and what no file can say.
    """
    return [key for key, value in announced._asdict().items() if value is None] + list(UNPROVEN)


def _keys(whole: dict[str, Any]) -> Iterator[Fault]:
    """Keys that no certificate has: they would be sealed and look as if they were proven."""
    strange = sorted(str(key) for key in whole.keys() - OWN_KEYS)
    strange += sorted(f"rest.{key}" for key in whole["rest"].keys() - PART)
    for name, known in KEYS_OF.items():
        strange += sorted({f"{name}.{key}" for each in whole[name] for key in each.keys() - known})
    strange += sorted(f"arms.{key}" for key in whole.get("arms", {}).keys() - set(Arms._fields))
    strange += sorted(
        {
            f"arms.rounds.{key}"
            for each in whole.get("arms", {}).get("rounds", ())
            for key in each.keys() - set(Arm._fields)
        }
    )
    if whole.get("rehearsal", True) is not True:
        strange.append("rehearsal")
    if strange:
        yield Fault(
            (),
            "certificate_keys",
            "the certificate holds what no certificate holds: {keys}",
            params={"keys": ", ".join(strange)},
        )


def _moments(it: Certificate) -> Iterator[Fault]:
    """The five moments are moments, and in the order of the work."""
    at = {key: _read(getattr(it, key)) for key in MOMENTS}
    for key, moment in at.items():
        if moment is None:
            yield Fault(
                (),
                "draw_time_wrong",
                "{moment}: {text} is no moment with its offset, like 2020-03-26T20:00:00+08:00",
                params={"moment": MOMENTS[key], "text": getattr(it, key)},
            )
    told = set()
    for one, other in (pair for order in ORDERS for pair in pairwise(order)):
        first, second = at[one], at[other]
        if first is None or second is None or (one, other) in told:
            continue
        told.add((one, other))
        if first > second or (first == second and other == "registration_closed_at"):
            yield Fault(
                (),
                "draw_order_wrong",
                "{first}, {first_at}, must come before {second}, {second_at}",
                params={
                    "first": MOMENTS[one],
                    "first_at": getattr(it, one),
                    "second": MOMENTS[other],
                    "second_at": getattr(it, other),
                },
            )


def _read(text: str) -> datetime | None:
    """A moment as a certificate writes it; None for another form, or one without offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.isoformat() == text else None


def _counts(it: Certificate) -> Iterator[Fault]:
    """One entry a person: never more entrants than applications. Of each who won there is one."""
    if it.applications < it.entrants:
        yield Fault(
            (),
            "draw_counts_wrong",
            "the certificate counts {applications:,} applications and {entrants:,} entrants: an"
            " entrant has one application at least",
            params={"applications": it.applications, "entrants": it.entrants},
        )
    if it.places < 1 or it.entrants < 1:
        yield Fault(
            (),
            "draw_counts_wrong",
            "the certificate counts {places:,} places and {entrants:,} entrants: nothing was drawn",
            params={"places": it.places, "entrants": it.entrants},
        )
    columns = arms.columns(it.strata, it.arms.within if it.arms else ())
    if columns != it.entrants_columns:
        yield Fault(
            (),
            "draw_counts_wrong",
            "the list has the columns {said}, but the strata are counted by {ours}",
            params={
                "said": ", ".join(it.entrants_columns),
                "ours": ", ".join(columns),
            },
        )


def _source(it: Certificate) -> Iterator[Fault]:
    """A text that was announced was mixed in."""
    if it.public_source and it.public_randomness is None:
        yield Fault(
            (),
            "public_randomness_missing",
            "a public text was announced, from {source}, and none was mixed in",
            params={"source": it.public_source},
        )


def _terms(it: Certificate, announced: Announced) -> Iterator[Fault]:
    """Round, programme and source are those of the announcement, as far as it is known. (The
    digest of the seed is compared with the seed, in `certificates`.)
    """
    for key, word in (
        ("programme", Word("programme")),
        ("round", Word("round")),
        ("public_source", Word("public source")),
    ):
        known, said = getattr(announced, key), getattr(it, key)
        if known is not None and known.strip() != said:
            yield Fault(
                (),
                "announcement_differs",
                "{what}: {known} was announced, but the certificate states {said}",
                params={"what": word, "known": known, "said": said or "–"},
            )
