"""What a report is about: the programme, the rounds, the span of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.result import say
from vouchercli.rules import leverage as law
from vouchercli.rules import times
from vouchercli.rules.leverage import Claimed
from vouchercli.store import clauses, days, details, programmes, round_histories
from vouchercli.store import reports as store
from vouchercli.store import rounds as kept_rounds
from vouchercli.store.known_facts import Known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.details import Unverified
    from vouchercli.store.reports import Round, Row

A_DAY = 86_400  # seconds: files of a day come on the next one


class Scope(NamedTuple):
    """What a report is about: the programme, its rounds by id (all, or those asked for), and the
    span of time; `now` is when it is asked.
    """

    programme: Row
    rounds: dict[int, Round]
    since: int | None
    as_of: int | None
    is_all: bool
    now: int
    known: Known | None = None
    not_enforced: tuple[str, ...] = ()
    unverified: tuple[Unverified, ...] = ()
    percentages: tuple[str, ...] = ()  # coupons whose subsidy is a share of the order

    @property
    def zone(self) -> str:
        """The programme's time zone."""
        return str(self.programme["time_zone"])

    @property
    def window(self) -> law.Window:
        """The report's span of time."""
        return law.window(self.since, self.as_of, self.zone)

    @property
    def months(self) -> law.Months:
        """The same in months."""
        return law.months(self.since, self.as_of, self.zone)

    @property
    def span(self) -> tuple[int, int]:
        """The same in UTC seconds [from, until)."""
        return (
            -times.END_OF_TIME if self.since is None else self.since,
            times.END_OF_TIME if self.as_of is None else self.as_of + 1,
        )

    @property
    def window_of_claims(self) -> law.Window:
        """Everything up to `as_of`: a rate's base is all that had been claimed."""
        return law.window(None, self.as_of, self.zone)

    @property
    def code(self) -> str:
        """The programme's code."""
        return str(self.programme["programme"])

    def about(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "as_of": None if self.as_of is None else times.iso(self.as_of, self.zone),
            "known_at": times.iso(self.now, self.zone) if self.as_of is None else None,
            "programme": self.code,
            "known_on": None if self.known is None else times.day_text(self.known.day),
            "not_enforced": [*self.not_enforced],
            "unverified": [each._asdict() for each in self.unverified],
        }

    def codes(self) -> list[str]:
        """The codes of its rounds."""
        return [row.round for row in self.rounds.values()]


def scope_of(
    session: Session,
    only: Sequence[str],
    since: int | None,
    as_of: int | None,
    known_on: int | None = None,
) -> Scope:
    """The scope of a report; `only` are codes of rounds (none: all); `known_on` a sealed day
    (yyyymmdd): as it was known then, up to its end.

    Raises `unknown_round`, `day_open`, and `UsageFault` when nothing can lie between `since` and
    `as_of`, or when these cut a day that was `known_on`.
    """
    programme = programmes.current(session.db, session.programme)
    programme_id = programme["programme_id"]
    known = None if known_on is None else _known(session, programme, known_on)
    if known is not None:
        as_of = _last_moment(known, since, as_of, programme["time_zone"])
    if since is not None and as_of is not None and since > as_of:
        raise UsageFault(
            "empty_window",
            "--since is later than --as-of",
            hint="swap the two times",
        )
    round_ids = {each for code in only for each in _named(session, programme_id, code)}
    every = store.rounds_of(session.db, programme_id)
    rounds = {row.round_id: row for row in every if not only or row.round_id in round_ids}
    return Scope(
        programme,
        rounds,
        since,
        as_of,
        not only,
        session.now,
        known,
        clauses.not_enforced(session.db, programme_id, rounds),
        tuple(
            details.unverified(
                session.db, programme_id, rounds=rounds, since=since, until=as_of, known=known
            )
        ),
        store.percentages(session.db, rounds),
    )


def go_back(session: Session, scope: Scope, as_of: int) -> Scope:
    """The same scope with its rounds as they stood at `as_of`."""
    stood = round_histories.rounds_at(session.db, scope.programme["programme_id"], as_of)
    return scope._replace(
        rounds={row.round_id: row for row in stood if row.round_id in scope.rounds}
    )


def _named(session: Session, programme_id: int, code: str) -> list[int]:
    """The round of that code, or all of a family."""
    rows = kept_rounds.of_family(session.db, programme_id, code)
    rows = rows or [kept_rounds.named(session.db, programme_id, code)]
    return [row["round_id"] for row in rows]


def _known(session: Session, programme: Row, known_on: int) -> Known:
    """What bounds the facts that were known on a sealed day. Raises `day_open`."""
    day = days.named(session.db, programme["programme_id"], known_on)
    if day is None:
        raise days.open_day(session.db, programme["programme_id"], known_on)
    return Known(
        programme["programme_id"], day.day, day.ends_at, day.last_claim_id, day.last_redemption_id
    )


def _last_moment(known: Known, since: int | None, as_of: int | None, zone: str) -> int:
    """The last moment that a report as known on a day can be about: the day's end, or an earlier
    one. Raises `UsageFault`.
    """
    end = known.ends_at - 1
    if as_of is not None and as_of > end:
        raise UsageFault(
            "known_before",
            "what was known on {day} is about that day and days before it",
            hint="leave out --as-of",
            day=times.day_text(known.day),
        )
    moment = end if as_of is None else as_of
    if law.window(since, moment, zone).partial:
        raise UsageFault(
            "whole_days_only",
            "--known-on is about whole days: --since and --as-of must name days, not hours",
            hint="write them like 2020-03-27",
        )
    return moment


def face_of(row: Round, packs: int) -> Claimed:
    """What `packs` claimed packs of a round hold."""
    return Claimed(packs, packs * row.coupons, packs * row.pack_value_fen)


def note_later(session: Session, scope: Scope) -> tuple[Message, ...]:
    """Say that the figures are not what was known at their moment, or that payments count which are
    later than a stand-in clock, where it is so.
    """
    if scope.as_of is not None:
        return _note_booked_later(session, scope, scope.as_of)
    last = store.last_day(session.db) if session.stand_in else 0
    if last <= times.day_of(session.now, scope.zone):
        return ()
    return (
        say(
            "all that is in the file counts, up to {last}; to look back: --as-of {now}",
            last=times.day_text(last),
            now=f'"{times.shown(session.now, scope.zone)}"',
        ),
    )


def _note_booked_later(session: Session, scope: Scope, as_of: int) -> tuple[Message, ...]:
    """Say that rows were booked after the moment of the report, and how to see what was known then:
    of sealed days after the day itself, of open ones more than a day after the moment.
    """
    if scope.known is not None:
        return ()
    day, programme_id = times.day_of(as_of, scope.zone), scope.programme["programme_id"]
    sealed = days.named(session.db, programme_id, day) is not None
    at = store.booked_later(session.db, programme_id, day, as_of + A_DAY, is_sealed=sealed)
    if not at:
        return ()
    about = {"day": times.day_text(day), "at": times.shown(at, scope.zone)}
    if sealed:
        return (
            say(
                "rows of days up to {day} were booked later, the last at {at}; as it was known"
                " then: --known-on {day}",
                **about,
            ),
        )
    return (
        say(
            "rows of days up to {day} came later than the day after, the last at {at}; days that"
            " are sealed keep what was known: voucher day close",
            **about,
        ),
    )
