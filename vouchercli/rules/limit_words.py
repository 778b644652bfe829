"""The words by which limits name rounds, templates and kinds of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.limits import NEXT_CLAIM, ONE_OF, PACKS
from vouchercli.rules.uses import USES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.documents import Path
    from vouchercli.rules.programmes import Limits


def words(limits: Limits) -> Iterator[tuple[Path, str]]:
    """Every word of the limits, and where it stands in them."""
    for key in PACKS:
        most = getattr(limits, key)
        for word, _ in most if isinstance(most, tuple) else ():
            yield (key, word), word
    for word in dict.fromkeys(word for each in limits.one_of for word in each):
        yield (ONE_OF,), word
    for key in USES:
        for word in dict.fromkeys(w for term in getattr(limits, key) for w in term.of + term.but):
            yield (key,), word
    for word, _ in limits.next_claim:
        if word:
            yield (NEXT_CLAIM, word), word


def silent(limits: Limits, known: frozenset[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The limits that name words, none of them among those that a round goes by: (limit, its
    words).
    """
    by_word = {key: most for key in PACKS if isinstance(most := getattr(limits, key), tuple)}
    named = {key: tuple(word for word, _ in most) for key, most in by_word.items()}
    return [(key, each) for key, each in named.items() if known.isdisjoint(each)]
