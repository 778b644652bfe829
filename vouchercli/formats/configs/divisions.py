"""The division codes of China (GB/T 2260): the names of those in force, and what became of those
that were retired. Read only when a code is seen.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def successors_of_retired() -> dict[str, tuple[str, ...]]:
    """Retired code -> the codes in force (2024) that took its place; () when it fell to no single
    one.

    From yescallop/areacodes, CC0: see the head of retired_divisions.txt.
    """
    text = (
        resources.files("vouchercli.formats.configs")
        .joinpath("retired_divisions.txt")
        .read_text("utf-8")
    )
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {code: tuple(successors) for code, *successors in lines}


@cache
def names_in_force() -> dict[str, str]:
    """Code in force (2024) -> name: provinces, cities and counties.

    From yescallop/areacodes, CC0: see the head of divisions_in_force.txt.
    """
    text = (
        resources.files("vouchercli.formats.configs")
        .joinpath("divisions_in_force.txt")
        .read_text("utf-8")
    )
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {code: name for code, _, name in lines}
