"""The law of persons: who shares a device, a mobile number, a card or an account is one person,
however long the chain.

Union-find; a person is known by the smallest of its tokens, so that the order in which links are
found does not matter.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def join(links: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """resident -> person for every resident that is linked to another one; the person is the
    smallest of its residents.
    """
    above: dict[bytes, bytes] = {}
    for one, other in links:
        first, second = sorted((_root(above, one), _root(above, other)))
        above[second] = first
    persons = {each: _root(above, each) for each in above}
    residents = Counter(persons.values())
    return {resident: person for resident, person in persons.items() if residents[person] > 1}


def _root(above: dict[bytes, bytes], resident: bytes) -> bytes:
    """The smallest of those joined with the resident so far; the way to it is made shorter."""
    above.setdefault(resident, resident)
    root = resident
    while above[root] != root:
        root = above[root]
    while above[resident] != root:
        above[resident], resident = root, above[resident]
    return root
