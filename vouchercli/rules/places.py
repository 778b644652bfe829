"""Where something lies on the earth, and how far two places are from each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from vouchercli.rules.values import Node

FORM = r"-?[1-8]?\d(\.\d{1,6})?\s*[,，]\s*-?(1[0-7]\d|\d?\d)(\.\d{1,6})?"
RADIUS_KM = 6_371.0


class Place(NamedTuple):
    """Degrees north and east."""

    north: float
    east: float

    def __str__(self) -> str:
        return f"{self.north:.6f}, {self.east:.6f}"


def read(node: Node) -> Place | None:
    """A place as it is written: "30.2741, 120.1551". None: it is a fault."""
    text = node.form(FORM, '"30.2741, 120.1551"').replace("，", ",")
    if not text:
        return None
    north, east = text.split(",")
    return Place(float(north), float(east))


def km(one: Place, other: Place) -> float:
    """How far two places are from each other, as the crow flies (haversine)."""
    north, east = (math.radians(b - a) for a, b in zip(one, other, strict=True))
    both = math.cos(math.radians(one.north)) * math.cos(math.radians(other.north))
    half = math.sin(north / 2) ** 2 + both * math.sin(east / 2) ** 2
    return 2 * RADIUS_KM * math.asin(math.sqrt(half))
