"""Rules about residents who are one person by what applications give: one device, mobile, card or
account behind many. What is found is known by the person's number, not by a merchant's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vouchercli.ops.risk.found import NOBODY, Found, NotLooked
from vouchercli.rules.risk import FULL_BP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.risk.look import Look

    Array = np.ndarray[Any, Any]


def one_person(look: Look) -> dict[int, Found]:
    """Persons who paid as so many residents, or more."""
    least = look.terms.of("one_person", "residents")
    return {
        person: Found(
            float(residents),
            float(least),
            NOBODY,
            {
                "residents": residents,
                "payments": len(rows),
                "merchants": len(np.unique(look.place[rows])),
            },
            rows,
        )
        for person, residents, rows in _crowds(look, least)
    }


def one_place(look: Look) -> dict[int, Found]:
    """Such persons who bring a large part of their payments to one merchant."""
    least = look.terms.of("one_place", "least") / FULL_BP
    found = {}
    for person, residents, rows in _crowds(look, look.terms.of("one_place", "residents")):
        places, counts = np.unique(look.place[rows], return_counts=True)
        most = int(counts.argmax())
        share = int(counts[most]) / len(rows)
        if share < least:
            continue
        there = rows[look.place[rows] == places[most]]
        counted = {
            "merchant": look.all.merchants[int(places[most])].merchant_no,
            "payments_there": len(there),
            "payments": len(rows),
            "residents": residents,
        }
        found[person] = Found(share, least, NOBODY, counted, there)
    return found


def _crowds(look: Look, least: int) -> Iterator[tuple[int, int, Array]]:
    """Persons who paid as so many residents: the number, how many residents, their payments."""
    if not look.given.has_identities:
        raise NotLooked("no_identities", "applications give no device, mobile, card or account")
    person, resident = look.column("person"), look.column("resident")
    rows = np.flatnonzero(person >= 0)
    rows = rows[np.argsort(person[rows], kind="stable")]
    people, starts = np.unique(person[rows], return_index=True)
    for number, own in zip(people.tolist(), np.split(rows, starts[1:]), strict=False):
        residents = len(np.unique(resident[own]))
        if residents >= least:
            yield number, residents, own
