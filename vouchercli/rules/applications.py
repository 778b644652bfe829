"""The law of applications: who applied in time, for a round that one applies for.
`store.applications` applies it by set; a hypothesis test holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NOT_YET = ("draft", "submitted", "cancelled")


@dataclass(frozen=True)
class Round:
    """What an application is held against; times in UTC seconds. `eligible` None: the round is for
    everybody.
    """

    state: str
    mode: str
    opens_at: int
    closes_at: int
    registration_opens_at: int | None = None
    registration_closes_at: int | None = None
    published_at: int | None = None
    eligible: frozenset[bytes] | None = None

    @property
    def window(self) -> tuple[int | None, int]:
        """[from, until) in which one may apply. fcfs: while the round is open, or from its
        registration on (a booking, granted at the opening). lottery: until registration closes,
        which is the opening unless the commitment of the draw says earlier.
        """
        if self.mode == "fcfs":
            return (
                self.opens_at if self.registration_opens_at is None else self.registration_opens_at
            ), self.closes_at
        return self.registration_opens_at, (
            self.opens_at if self.registration_closes_at is None else self.registration_closes_at
        )


@dataclass(frozen=True)
class Application:
    """One row of an applications file."""

    line: int
    application_no: str
    round: str
    resident: bytes
    applied_at: int

    @property
    def key(self) -> tuple[str, str]:
        """A number is given once a round."""
        return (self.round, self.application_no)

    @property
    def content(self) -> tuple[object, ...]:
        """What makes two rows of one number the same row."""
        return (self.resident, self.applied_at)


@dataclass
class Standing:
    """Whose number it is already."""

    numbers: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)


def reason(application: Application, round_: Round | None) -> str | None:
    """Why an application is refused by itself, or None."""
    if round_ is None:
        return "unknown_round"
    if round_.state in NOT_YET:
        return "round_not_open"
    if round_.mode == "targeted":
        return "by_list_only"
    if out := _out_of_time(application, round_):
        return out
    return (
        "not_eligible"
        if round_.eligible is not None and application.resident not in round_.eligible
        else None
    )


def _out_of_time(application: Application, round_: Round) -> str | None:
    opens_at, closes_at = round_.window
    if opens_at is not None and application.applied_at < opens_at:
        return "before_registration"
    if application.applied_at >= closes_at:
        return "after_registration"
    return "list_published" if round_.published_at is not None else None


def judged(
    rounds: dict[str, Round], applications: list[Application], standing: Standing
) -> dict[int, str | None]:
    """The reason (or None) for every application, in the order of time, then of line; what is
    accepted joins `standing`.

    What stands already makes a row a duplicate before anything else is asked. A number belongs to
    the first row that uses it lawfully. How often one resident applies is nobody's fault: the
    limits are held when packs are granted.
    """
    stood = dict(standing.numbers)
    used: dict[tuple[str, str], set[tuple[object, ...]]] = {}
    found: dict[int, str | None] = {}
    for each in sorted(applications, key=lambda a: (a.applied_at, a.line)):
        found[each.line] = (
            ("duplicate" if stood.get(each.key) == each.content else None)
            or reason(each, rounds.get(each.round))
            or _number(each, used, stood)
        )
        if found[each.line] is None:
            standing.numbers[each.key] = each.content
    return found


def _number(
    application: Application,
    used: dict[tuple[str, str], set[tuple[object, ...]]],
    stood: dict[tuple[str, str], tuple[object, ...]],
) -> str | None:
    """The same row again is a duplicate, also of one that was refused: where a file is cut must not
    change a count.
    """
    seen = used.setdefault(application.key, set())
    is_first, is_repeat = not seen, application.content in seen
    seen.add(application.content)
    if is_repeat:
        return "duplicate"
    return None if is_first and application.key not in stood else "application_reused"
