"""The limits of claims and of use as a programme's document writes them: a number, or a number for
each word; one of several rounds; yuan of face; the next claim after the last; vouchers or yuan used
in a span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from vouchercli.documents import CODE
from vouchercli.rules.claim_limits import NEXT
from vouchercli.rules.limits import AGAIN, FACE, NEXT_CLAIM, ONE_OF, PACKS, SPANS
from vouchercli.rules.uses import USES, UseTerm, kept_name
from vouchercli.rules.values import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vouchercli.rules.limits import Span

ByWord = tuple[tuple[str, int], ...]  # word -> the most, in the order written
PerWord = int | ByWord | None


def read(part: Mapping[str, Node]) -> dict[str, Any]:
    """The fields of `rules.programmes.Limits` that are no plain numbers, of those that are
    written.
    """
    reading: dict[str, Callable[[Node], Any]] = {
        **dict.fromkeys(PACKS, _per_word),
        ONE_OF: _one_of,
        FACE: _face,
        NEXT_CLAIM: _next_claim,
        AGAIN: Node.whole,
        **dict.fromkeys(USES, _of_use),
    }
    return {key: each(part[key]) for key, each in reading.items() if not part[key].is_missing}


def _per_word(node: Node) -> PerWord:
    """A number, or `{general: 10, appliance: 3}`."""
    if not isinstance(node.value, dict):
        return node.whole()
    return tuple((_word(node, word), value.whole()) for word, value in node.entries(least=1))


def _word(node: Node, word: str) -> str:
    """A round, a template or its kind."""
    if not CODE.fullmatch(word):
        node.bad_code(word)
    return word


def _one_of(node: Node) -> tuple[tuple[str, ...], ...]:
    """`[[a, b], [c, d, e]]`; `[a, b]` is one such list."""
    is_alone = isinstance(node.value, list) and not any(isinstance(v, list) for v in node.value)
    return tuple(_one_list(each) for each in ([node] if is_alone else node.items(least=1)))


def _one_list(node: Node) -> tuple[str, ...]:
    words = node.codes()
    for word in words:
        _word(node, word)
    if isinstance(node.value, list) and len(words) < 2:
        node.fault("too_few", "at least {least} entries are needed", least=2)
    return words


def _face(node: Node) -> ByWord:
    """`{per: month, at_most: "100.00"}`, or a list of these: (span, fen)."""
    most: dict[str, int] = {}
    for item in [node] if isinstance(node.value, dict) else node.items(least=1):
        part = item.fields(("per", "at_most"), required=("per", "at_most"))
        span, fen = part["per"].choice(SPANS, "programme"), part["at_most"].yuan(None)
        if fen == 0:
            part["at_most"].fault(
                "bad_amount", "{offending} must be more than 0", "write an amount above 0"
            )
        if span in most:
            part["per"].fault("named_twice", "{offending} is given twice", "leave one out")
        most[span] = fen or 0
    return tuple(most.items())


def _next_claim(node: Node) -> tuple[tuple[str, str], ...]:
    """`after_redeemed`, or a rule for each word."""
    if not isinstance(node.value, dict):
        return (("", node.choice(NEXT, "after_redeemed")),)
    return tuple(
        (_word(node, word), value.choice(NEXT, "after_redeemed"))
        for word, value in node.entries(least=1)
    )


def _of_use(node: Node) -> tuple[UseTerm, ...]:
    """`{per: month, at_most: 3, of: [general]}`, or a list of these; a number alone is that of the
    whole programme.
    """
    if not isinstance(node.value, dict | list):
        return (UseTerm("programme", _most(node)),)
    terms: dict[str, UseTerm] = {}
    key = str(node.path[-1])
    for item in [node] if isinstance(node.value, dict) else node.items(least=1):
        term = _use_term(item)
        if kept_name(key, term) in terms:
            item.fault("named_twice", "{offending} is given twice", "leave one out")
        terms[kept_name(key, term)] = term
    return tuple(terms.values())


def _use_term(node: Node) -> UseTerm:
    part = node.fields(("per", "at_most", "of", "except"), required=("at_most",))
    of, but = _words(part["of"]), _words(part["except"])
    if of and but:
        part["except"].fault(
            "of_and_except",
            "of and except together leave open which rounds are meant",
            "name the rounds that count under of, or those that do not under except",
        )
    span = cast("Span", part["per"].choice(SPANS, "programme"))
    return UseTerm(span, _most(part["at_most"]), of, but)


def _words(node: Node) -> tuple[str, ...]:
    """`general`, or `[general, targeted]`."""
    words = (node.value,) if isinstance(node.value, str) else node.codes()
    return tuple(_word(node, word) for word in words)


def _most(node: Node) -> int:
    """Vouchers, or fen where the key is about yuan; more than nothing."""
    key = next(str(each) for each in reversed(node.path) if each in USES)
    most = node.yuan(None) if USES[key].unit == "subsidy" else node.whole()
    if most == 0:
        node.fault("bad_amount", "{offending} must be more than 0", "write an amount above 0")
    return most or 0
