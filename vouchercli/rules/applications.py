"""The law of applications: who applied in time, for a round that one applies for.
`store.applications` applies it by set; a hypothesis test holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass

from vouchercli.result import Word
from vouchercli.rules import numbers
from vouchercli.rules.ladders import Ladder, Rung

# The list of entrants is published as it is, byte for byte: nothing in it can be disarmed.
FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
FORMULA_NUMBER = Word(
    "an application number cannot begin with = + - or @: a spreadsheet would run it when the list"
    " of entrants is opened"
)

Key = tuple[str, str]  # (round, application_no): a number is given once a round
# Columns made before it: round_id (NULL: not known), from_at and until_at (`window`), published_at
# (of the list of entrants), lead_id (of the round it is drawn with), is_eligible, latest_at (rows
# may not be later).
APPLICATIONS = Ladder(
    "applications",
    "Applications",
    (
        Rung(
            "in_future",
            "applied_at > latest_at",
            "it was made before now (the clock may differ by what the programme allows)",
            "the platform reports who has applied",
        ),
        Rung(
            "unknown_round",
            "round_id IS NULL",
            "the programme has that round",
            "issued in rounds, each announced",
        ),
        Rung(
            "round_not_open",
            "state = 'draft' OR state = 'submitted' OR state = 'cancelled'",
            "the round is approved",
            "issued in rounds, each announced",
        ),
        Rung(
            "by_list_only",
            "mode = 'targeted'",
            "the round is one that people apply for",
            "issued to those on a list, without application",
        ),
        Rung(
            "drawn_with_another",
            "lead_id IS NOT NULL",
            "the round has applications of its own: an arm is drawn with another round",
            "one registration, and the lots say which face value is won",
        ),
        Rung(
            "before_registration",
            "applied_at < from_at",
            "it was made after registration opened",
            "register from this hour on",
        ),
        Rung(
            "after_registration",
            "applied_at >= until_at",
            "it was made before registration closed",
            "register until this hour",
        ),
        Rung(
            "list_published",
            "published_at IS NOT NULL",
            "the list of entrants is not published yet",
            "the list is published before the draw",
        ),
        Rung(
            "not_eligible",
            "is_eligible = 0",
            "the resident is on the list of those the round is for, and no case excludes it",
            "for the named groups only",
        ),
    ),
)

# What `judge` asks besides, in words.
APPLICATIONS_IN_TIME = Ladder(
    "applications_in_time",
    "Applications of one number in time",
    (
        Rung(
            "application_reused",
            "",
            "the application number stands for no other row of the round",
            "the platform numbers each application",
        ),
    ),
)


@dataclass(frozen=True)
class ApplicationRound:
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
    lead_id: int | None = None

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
    def key(self) -> Key:
        """A number is given once a round."""
        return (self.round, self.application_no)

    @property
    def content(self) -> numbers.Content:
        """What makes two rows of one number the same row."""
        return (self.resident, self.applied_at)


def reason(
    application: Application, round_: ApplicationRound | None, latest_at: int | None = None
) -> str | None:
    """Why an application is refused by itself, or None; `latest_at` None: whenever it is made."""
    in_time = {"applied_at": application.applied_at, "latest_at": latest_at}
    if round_ is None:
        return APPLICATIONS.reason(in_time)
    from_at, until_at = round_.window
    return APPLICATIONS.reason(
        in_time
        | {
            "round_id": 1,
            "state": round_.state,
            "mode": round_.mode,
            "lead_id": round_.lead_id,
            "from_at": from_at,
            "until_at": until_at,
            "published_at": round_.published_at,
            "is_eligible": int(round_.eligible is None or application.resident in round_.eligible),
        }
    )


def judge(
    rounds: dict[str, ApplicationRound],
    applications: list[Application],
    standing: dict[Key, numbers.Content],
    latest_at: int | None = None,
) -> dict[int, str | None]:
    """The reason (or None) for every application, in the order of time, then of line; what is
    accepted joins `standing`, which says whose each number is.

    What stands already makes a row a duplicate before anything else is asked. A number belongs to
    the first row that uses it lawfully. How often one resident applies is nobody's fault: the
    limits are held when packs are granted.
    """
    in_use = numbers.NumbersInUse(standing)
    reasons: dict[int, str | None] = {}
    for each in sorted(applications, key=lambda a: (a.applied_at, a.line)):
        reasons[each.line] = (
            ("duplicate" if in_use.stands(each.key, each.content) else None)
            or reason(each, rounds.get(each.round), latest_at)
            or in_use.use(each.key, each.content, "application_reused")
        )
        if reasons[each.line] is None:
            standing[each.key] = each.content
    return reasons
