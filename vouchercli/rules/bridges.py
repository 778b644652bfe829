"""What names of districts and industries mean in the national standards, so that cities that write
them in their own ways can be laid side by side. What has no match is left without one, never
guessed.

Source: GB/T 2260 (divisions, codes in force in 2024 and those before them), GB/T 4754-2017
(industries).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DIVISION = re.compile("[1-9][0-9]{5}")
INDUSTRY = re.compile("([A-Z]?)([0-9]{2,4})|[A-Z]")
KINDS = ("", "区", "县", "市")  # how a name may go on


def province(city: str) -> str:
    """The code of the province of a city: 330100 -> 330000."""
    return city[:2] + "0000"


def county(
    city: str,
    district: str,
    names: Mapping[str, str],
    successors: Mapping[str, tuple[str, ...]],
) -> str:
    """The code in force of what a registry of a city calls a district: its code, one of before
    (with a single successor), or its name, also without its last word; '': it has no match in the
    city.
    """
    said = district.strip()
    if DIVISION.fullmatch(said):
        after = successors.get(said, (said,))
        return after[0] if len(after) == 1 and after[0] in names else ""
    within = city[:4] if city[2:4] != "00" else city[:2]
    found = [
        code
        for code, name in names.items()
        if code.startswith(within) and code != city and name in [said + kind for kind in KINDS]
    ]
    return found[0] if said and len(found) == 1 else ""


def section(industry: str, codes: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The section (A to T) of an industry as a registry writes it: a code of two to four digits,
    with or without its letter, the letter, or a name of the standard, also without its last 业;
    '': it has no match. `codes` and `names` -> section.
    """
    said = industry.strip()
    written = INDUSTRY.fullmatch(said)
    if written:
        letter, digits = written[1] or "", written[2] or said
        found = codes.get(digits, "")
        return found if letter in ("", found) else ""
    return names.get(said) or names.get(said + "业", "")
