"""The rules of the schedule: which jobs of a round are still to come, when each is due, and in
what order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A tick goes through these in order. What is quick waits for no file: it is done before the inbox
# is taken in, and between the chunks of a long file. Lots are drawn and packs allocated behind the
# inbox, because applications that came before belong to it; so a round that still has packs to
# grant is closed last, and a tick after a long pause still draws and allocates.
QUICK = ("commit", "open", "order", "close")
AFTER_INTAKE = ("draw", "allocate", "close")
GRANTING = ("draw", "allocate")
STATES = {  # in which states of its round a job can be done
    "commit": ("approved",),
    "open": ("approved",),
    "draw": ("approved", "open"),
    "allocate": ("open",),
    "order": ("approved", "open"),
    "close": ("open", "paused"),
}
NOTICE_SECONDS = 86_400  # how long before an opening a missing approval is called for
WAITING = ("draft", "submitted")
NEVER = 2**62


@dataclass(frozen=True)
class Scheduled:
    """The facts of one round that decide its jobs. Times in UTC seconds.

    `approved_at` None: not approved. `seed_committed`, `drawn`: the steps of the lottery, whoever
    took them. `to_allocate`: what there is to allocate, in a word that changes when more comes (''
    for nothing). `is_ordered`: the platform has an order for just these terms; `was_ordered`: for
    these or others; `lead`: how many seconds before the opening it wants the first; `amended_at`:
    when packs or times last changed by an amendment. `waits_for_text`: the draw was announced with
    a public text, which a person must bring. `hands_winners`: its platform is told who won here.
    `lead_id`: the lottery that it is drawn with, whose steps are taken there; `arm_opens_at`: when
    the round that is drawn with it opens.
    """

    round_id: int
    programme: str
    round: str
    zone: str
    state: str
    mode: str
    platform: str
    revision: int
    opens_at: int
    closes_at: int
    approved_at: int | None = None
    registration_closes_at: int | None = None
    seed_committed: bool = False
    drawn: bool = False
    waits_for_text: bool = False
    to_allocate: str = ""
    is_ordered: bool = False
    was_ordered: bool = False
    lead: int = 0
    amended_at: int = 0
    hands_winners: int = 0
    lead_id: int | None = None
    arm_opens_at: int | None = None

    @property
    def order_at(self) -> int:
        """When the platform's next order is due: the first a lead before the opening, but not
        before the approval; a replacement as soon as the new terms stand.
        """
        stand_since = max(self.approved_at or 0, self.amended_at)
        if self.was_ordered and stand_since:
            return stand_since
        drawn_at = self.draw_at if self.hands_winners else 0
        return max(self.opens_at - self.lead, stand_since, drawn_at)

    @property
    def draw_at(self) -> int:
        """When the lottery is drawn: at the opening of both arms, or when registration closes after
        it; winners that are handed on when registration closes, so that the order can name them.
        """
        if self.hands_winners:
            return max(self.registration_closes_at or self.opens_at, self.approved_at or 0)
        return max(self.opens_at, self.registration_closes_at or 0, self.arm_opens_at or 0)

    @property
    def is_local(self) -> bool:
        """Whether it is issued here, not by a platform."""
        return not self.platform

    @property
    def is_drawn_here(self) -> bool:
        """Whether it is a lottery whose lots are drawn here."""
        return self.mode == "lottery" and (self.is_local or bool(self.hands_winners))

    @property
    def may_be_drawn(self) -> bool:
        """Whether its state allows the draw: packs are granted while it is open, winners may be
        handed on before.
        """
        return self.state == "open" or (self.state == "approved" and bool(self.hands_winners))


class Due(NamedTuple):
    """One job on one round: when it is due (UTC seconds); `key` tells apart jobs of one kind."""

    job: str
    round: Scheduled
    due_at: int
    key: str = ""

    def is_too_late(self, now: int) -> bool:
        """Whether it may no longer be done: a platform issues nothing for a round that is over."""
        return self.job == "order" and now >= self.round.closes_at


def list_jobs(round_: Scheduled) -> Iterator[Due]:
    """List every job of a round that is still to come, in the order in which they are done."""
    is_before = round_.state in (*WAITING, "approved")
    if not is_before and round_.state not in ("open", "paused"):
        return
    opens_at, is_lottery = round_.opens_at, round_.is_drawn_here
    is_led = round_.lead_id is not None
    if is_lottery and is_before and not round_.seed_committed and not is_led:
        approved_at = opens_at if round_.approved_at is None else round_.approved_at
        yield Due("commit", round_, min(approved_at, opens_at))
    if is_before:
        yield Due("open", round_, opens_at)
    if is_lottery and not round_.drawn and not round_.waits_for_text and not is_led:
        yield Due("draw", round_, round_.draw_at)
    if round_.is_local and not is_lottery and round_.to_allocate:
        yield Due("allocate", round_, opens_at, round_.to_allocate)
    if round_.platform and not round_.is_ordered and (round_.drawn or not round_.hands_winners):
        yield Due("order", round_, round_.order_at)
    yield Due("close", round_, round_.closes_at)


def list_due(job: str, rounds: Iterable[Scheduled], now: int) -> list[Due]:
    """List the rounds on which `job` is due at `now`, the longest due first."""
    return _longest_due_first(
        each
        for round_ in rounds
        if round_.state in STATES[job] and (job != "draw" or round_.may_be_drawn)
        for each in list_jobs(round_)
        if each.job == job and each.due_at <= now and not each.is_too_late(now)
    )


def has_packs_to_grant(round_: Scheduled, now: int) -> bool:
    """Whether lots are to be drawn or packs to be allocated at `now`, before it may be closed."""
    return any(list_due(job, [round_], now) for job in GRANTING)


def next_due_at(rounds: Iterable[Scheduled], now: int) -> int:
    """When the next quick job of these rounds falls due after `now`; far away when there is
    none.
    """
    later = (
        each.due_at
        for round_ in rounds
        for each in list_jobs(round_)
        if each.job in QUICK and each.due_at > now
    )
    return min(later, default=NEVER)


def list_reminders(rounds: Iterable[Scheduled], now: int) -> list[Due]:
    """List the rounds that open within a day, or should be open, and still wait for approval,
    once before and once after the opening for every revision and state; lotteries that wait for
    their public text.
    """
    return _longest_due_first(each for round_ in rounds for each in _remind(round_, now))


def _remind(round_: Scheduled, now: int) -> Iterator[Due]:
    waits_for_text = round_.waits_for_text and not round_.drawn and round_.may_be_drawn
    waits_for_text = waits_for_text and round_.lead_id is None
    if waits_for_text and round_.draw_at <= now:
        yield Due("remind", round_, round_.draw_at, "public text")
    soon_at = round_.opens_at - NOTICE_SECONDS
    if round_.state in WAITING and soon_at <= now < round_.closes_at:
        is_late = now >= round_.opens_at
        when, due_at = ("late", round_.opens_at) if is_late else ("soon", soon_at)
        yield Due("remind", round_, due_at, f"{round_.state} {round_.revision} {when}")


def _longest_due_first(jobs: Iterable[Due]) -> list[Due]:
    return sorted(jobs, key=lambda each: (each.due_at, each.round.round_id))
