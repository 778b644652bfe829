"""The law of four eyes: who is who, who may check, how many must."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.doors import DOOR, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.rules.doors import Door
    from vouchercli.rules.programmes import Approval, Person, Programme

FINANCE, SEALERS = (frozenset(DOOR[command].roles) for command in ("day sign", "day close"))


class Hand(NamedTuple):
    """Who did something: the name given, and the login behind it ('' in files that are older than
    this record).
    """

    actor: str
    os_user: str


def same_person(one: str, other: str) -> bool:
    """Whether two names mean one person: width, case and outer blanks make no second pair of
    eyes.
    """
    return folded(one) == folded(other)


def is_among(actor: str, names: Iterable[str]) -> bool:
    """Whether `actor` is one of `names`."""
    return any(same_person(actor, name) for name in names)


def same_eyes(one: Hand, other: Hand, programme: Programme) -> bool:
    """Whether two hands count as one person: the same name, or the same login where logins are
    personal.
    """
    return same_person(one.actor, other.actor) or (
        programme.logins == "personal" and one.os_user == other.os_user
    )


def is_itself(hand: Hand, programme: Programme) -> bool:
    """Whether the login may use the name. Where logins are personal, one of the staff acts under
    its own login only.
    """
    person = _find_person(hand.actor, programme)
    return (
        programme.logins != "personal"
        or person is None
        or hand.os_user == (person.login or person.name)
    )


def _find_person(actor: str, programme: Programme) -> Person | None:
    return next((person for person in programme.staff if same_person(actor, person.name)), None)


def has_role(actor: str, programme: Programme, *roles: str) -> bool:
    """Whether `actor` is one of the staff with one of these roles (none named: any); anybody where
    no staff is listed.
    """
    person = _find_person(actor, programme)
    return not programme.staff or (
        person is not None and (not roles or not set(roles).isdisjoint(person.roles))
    )


def may_pass(hand: Hand, programme: Programme, door: Door) -> bool:
    """Whether this hand may do what lies behind a door of the programme."""
    is_nameless = programme.logins == "shared" and hand.actor == hand.os_user
    return (
        not door.roles
        or has_role(hand.actor, programme, *door.roles)
        or (door.takes_login and is_nameless and _find_person(hand.actor, programme) is None)
    )


def is_checker(actor: str, programme: Programme) -> bool:
    """Whether `actor` may check: one of the staff's checkers; anybody where the programme lists no
    staff.
    """
    return has_role(actor, programme, "checker")


def has_checkers(programme: Programme) -> bool:
    """Whether anybody may approve: one of the staff, or anybody where none is listed."""
    return not programme.staff or bool(named(programme, "checker"))


def with_roles(programme: Programme, *roles: str) -> list[str]:
    """The names of the staff with one of these roles (none named: all), in the file's order."""
    return [
        person.name
        for person in programme.staff
        if not roles or not {*roles}.isdisjoint(person.roles)
    ]


def named(programme: Programme, *roles: str) -> str:
    """The same in one line."""
    return ", ".join(with_roles(programme, *roles))


def objection(
    hand: Hand, programme: Programme, authors: Iterable[Hand], approvers: Iterable[Hand]
) -> str | None:
    """Why this hand may not approve, or None. `authors` made, last edited or handed it in;
    `approvers` have approved it.

    The login counts only where the programme says `logins: personal`; else names are taken as they
    are given.
    """
    if not is_checker(hand.actor, programme):
        return "not_a_checker"
    if any(same_eyes(hand, author, programme) for author in authors):
        return "own_work"
    return (
        "already_approved"
        if any(same_eyes(hand, approver, programme) for approver in approvers)
        else None
    )


def who_may_approve(
    programme: Programme, authors: Sequence[Hand], approvers: Sequence[Hand]
) -> list[str]:
    """The names of the staff who may still approve what the authors made."""
    hands = [Hand(person.name, person.login or person.name) for person in programme.staff]
    return [hand.actor for hand in hands if objection(hand, programme, authors, approvers) is None]


def who_may_sign(programme: Programme, sealers: Sequence[str]) -> tuple[list[str], int]:
    """The names of finance who may sign the most of the first sealed days, and how many these are:
    who sealed a day (`sealers`, day by day) does not sign it. Anybody may where no staff is listed:
    no names, all days.
    """
    if not programme.staff:
        return [], len(sealers)
    may = [person.name for person in programme.staff if not FINANCE.isdisjoint(person.roles)]
    for count, sealer in enumerate(sealers):
        left = [name for name in may if not same_person(name, sealer)]
        if not left:
            return (may, count) if count else ([], 0)
        may = left
    return may, len(sealers)


def who_should_seal(programme: Programme) -> list[str]:
    """The names of the staff who may seal days, first those who leave somebody to sign them."""
    may = [person.name for person in programme.staff if not SEALERS.isdisjoint(person.roles)]
    return sorted(may, key=lambda name: not who_may_sign(programme, [name])[0])


def doubles(hand: Hand, others: Iterable[Hand]) -> list[str]:
    """The other names that the same login used: one person may stand behind them."""
    return list(
        dict.fromkeys(
            each.actor
            for each in others
            if each.os_user == hand.os_user and not same_person(each.actor, hand.actor)
        )
    )


def same_logins(authors: Sequence[Hand], approvers: Sequence[Hand]) -> list[dict[str, str]]:
    """Approvals given under a login that made it, or approved it, under another name too: `actor`,
    `os_user`, `also` (that name).
    """
    return [
        {"actor": approver.actor, "os_user": approver.os_user, "also": name}
        for place, approver in enumerate(approvers)
        for name in doubles(approver, (*authors, *approvers[:place]))
    ]


def checkers_needed(amount_fen: int, bands: Sequence[Approval]) -> int:
    """How many different checkers must approve `amount_fen`.

    The first band that holds the amount counts, its limit included; above every limit, the last
    band; no bands: one.
    """
    for band in bands:
        if band.up_to_fen is None or amount_fen <= band.up_to_fen:
            return band.checkers
    return bands[-1].checkers if bands else 1


class Submission(NamedTuple):
    """A round that was handed in: who made, last edited and submitted it, when it was submitted and
    opens (UTC seconds), its largest amount.
    """

    round: str
    makers: Sequence[Hand]
    submitted_at: int
    opens_at: int
    amount_fen: int


CLOSE_SECONDS = 7 * 86_400  # what lies within a week of each other lies close together


def split_under_band(
    own: Submission, others: Iterable[Submission], bands: Sequence[Approval]
) -> list[Submission]:
    """The other rounds that together with this one need more checkers than any of them by itself;
    empty when there are none. They have a maker in common with it, and were submitted or open
    within seven days of it. Of several such sets, the one with the largest rounds.
    """
    near = [each for each in others if _lie_close(own, each)]

    def needed(*rounds: Submission) -> int:
        return checkers_needed(sum(each.amount_fen for each in rounds), bands)

    for most in sorted({needed(each) for each in (own, *near)}, reverse=True):
        under = [each for each in near if needed(each) <= most]
        if needed(own) <= most < needed(own, *under):
            return under
    return []


def _lie_close(one: Submission, other: Submission) -> bool:
    names = [each.actor for each in other.makers]
    return any(is_among(each.actor, names) for each in one.makers) and (
        abs(one.submitted_at - other.submitted_at) <= CLOSE_SECONDS
        or abs(one.opens_at - other.opens_at) <= CLOSE_SECONDS
    )
