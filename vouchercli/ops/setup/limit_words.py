"""The limits of claims and of use of a programme as JSON, as text, and in words with an example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Clauses, Message, Word, say
from vouchercli.rules import money
from vouchercli.rules.limits import FACE, NEXT_CLAIM, ONE_OF, PACKS
from vouchercli.rules.uses import USES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.rules.programmes import Limits
    from vouchercli.rules.uses import UseTerm
    from vouchercli.rules.written_limits import PerWord

WAITS = {
    "after_redeemed": say(
        "The next pack may be claimed when all vouchers of the last one are used: claimed on"
        " 2026-05-01 and used on 2026-05-03 10:00, from that second on."
    ),
    "after_redeemed_or_expired": say(
        "The next pack may be claimed when all vouchers of the last one are used, or when it has"
        " expired: claimed on 2026-05-01 and valid until 2026-05-08 24:00, then at the latest."
    ),
}


SPANS_IN_WORDS = {
    "day": Word("a day (00:00 to 24:00)"),
    "week": Word("a week (Monday to Sunday)"),
    "month": Word("a calendar month"),
    "programme": Word("in the whole programme"),
}


def data(limits: Limits) -> dict[str, Any]:
    """As JSON: what is said word by word, as a mapping."""
    fields = dict(vars(limits))
    for key in PACKS:
        if isinstance(fields[key], tuple):
            fields[key] = dict(fields[key])
    fields[FACE] = [{"per": span, "at_most_fen": fen} for span, fen in limits.face_per_resident]
    fields |= {key: [_use_data(key, each) for each in getattr(limits, key)] for key in USES}
    fields[NEXT_CLAIM] = [{"of": word, "after": rule} for word, rule in limits.next_claim]
    return fields


def texts(limits: Limits) -> dict[str, str | list[Message] | None]:
    """In a line each; of several terms a sentence each."""
    rules = dict(limits.next_claim)
    return {
        **{key: _per_word(getattr(limits, key)) for key in PACKS},
        ONE_OF: Clauses("; ".join(", ".join(words) for words in limits.one_of)),
        FACE: [_of_span(money.yuan(fen), span) for span, fen in limits.face_per_resident],
        **{key: [_use_text(key, each) for each in getattr(limits, key)] for key in USES},
        NEXT_CLAIM: rules.get("") or ", ".join(f"{word} {rule}" for word, rule in rules.items()),
    }


def _per_word(most: PerWord) -> str | None:
    if isinstance(most, tuple):
        return ", ".join(f"{word} {number}" for word, number in most)
    return None if most is None else str(most)


def _use_data(key: str, term: UseTerm) -> dict[str, Any]:
    most = "at_most_fen" if USES[key].unit == "subsidy" else "at_most"
    return {"per": term.span, most: term.most, "of": list(term.of), "except": list(term.but)}


def _use_text(key: str, term: UseTerm) -> Message:
    most, only, but = _of_span(_most(key, term), term.span), ", ".join(term.of), ", ".join(term.but)
    if only and but:
        return say("{most}, of {words}, except {others}", most=most, words=only, others=but)
    if only:
        return say("{most}, of {words}", most=most, words=only)
    return say("{most}, except {others}", most=most, others=but) if but else most


def _of_span(most: str, span: str) -> Message:
    return say("{most} ({span})", most=most, span=Word(span))


def _most(key: str, term: UseTerm) -> str:
    return money.yuan(term.most) if USES[key].unit == "subsidy" else str(term.most)


def explained(limits: Limits) -> Iterator[Message]:
    """What each limit means, with an example."""
    by_word = [word for key in PACKS for word in _words(getattr(limits, key))]
    if by_word:
        yield say(
            "Limits of {word} hold for the round, the template or the kind of template of that"
            " name: {words}.",
            word=by_word[0],
            words=", ".join(dict.fromkeys(by_word)),
        )
    for words in limits.one_of:
        yield say(
            "Who has a pack of {one} may have none of {others}.",
            one=words[0],
            others=", ".join(words[1:]),
        )
    for span, fen in limits.face_per_resident:
        yield _explain_face(span, money.yuan(fen))
    if limits.face_per_resident:
        yield say(
            "Face is what the vouchers of a pack are worth together, percentages at their cap: two"
            ' of "10.00" are 20.00 yuan.'
        )
    for key in USES:
        for term in getattr(limits, key):
            yield _explain_use(key, term)
    if any(getattr(limits, key) for key in USES):
        yield say(
            "A payment that is refunded in full gives its room back, one that is refunded in part"
            " what of its subsidy goes back; what stands keeps its place."
        )
    for rule in dict.fromkeys(rule for _, rule in limits.next_claim):
        yield WAITS[rule]
    if limits.again_after_expiry is not None:
        yield say(
            "A pack of which no voucher was used does not count any more when it has expired, for"
            " at most {count} packs of a resident.",
            count=limits.again_after_expiry,
        )


def _explain_face(span: str, amount: str) -> Message:
    return {
        "day": say("A day has at most {amount} yuan of face, from 00:00 to 24:00.", amount=amount),
        "week": say(
            "A week has at most {amount} yuan of face, from Monday 00:00 to Sunday 24:00.",
            amount=amount,
        ),
        "month": say("A calendar month has at most {amount} yuan of face.", amount=amount),
        "programme": say("The programme has at most {amount} yuan of face.", amount=amount),
    }[span]


def _explain_use(key: str, term: UseTerm) -> Message:
    """What a limit of use allows, with an example."""
    most, span = _most(key, term), SPANS_IN_WORDS[term.span]
    if key == "vouchers_per_resident":
        return say(
            "A resident uses at most {most} vouchers {span}, over all merchants together.",
            most=most,
            span=span,
        )
    if key == "vouchers_per_merchant":
        return say(
            "A resident uses at most {most} vouchers {span} at one merchant.", most=most, span=span
        )
    example = money.yuan(term.most - 1)
    if key == "subsidy_per_resident":
        return say(
            "A resident's vouchers pay at most {most} yuan {span}: after {example} a voucher of"
            " 10.00 is refused whole.",
            most=most,
            span=span,
            example=example,
        )
    return say(
        "The vouchers used at one merchant pay at most {most} yuan {span}: after {example} a"
        " voucher of 10.00 is refused whole.",
        most=most,
        span=span,
        example=example,
    )


def _words(most: PerWord) -> tuple[str, ...]:
    return tuple(word for word, _ in most) if isinstance(most, tuple) else ()
