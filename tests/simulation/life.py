"""Some days of the city under one seed: who does what at which moment, through the real commands, with
kills and full disks, and what must hold when the day ends.
"""

from __future__ import annotations

import random
import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import banking
import city_payments
import corrections
import deeds
import desks
import evening
import lottery
import nights
import office
import payments
import payouts
import seals
import small_city
from small_city import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import city_model

CHECKED = 0.1  # of troubles: each evening has a check of its own
FAR = 20 * small_city.DAY  # further than a programme believes its clock
REFUSAL = re.compile(r"\[[a-z_]+\]")  # its code, at the end of the sentence
LAST = 40  # deeds that a failure names
TICK = ("schedule", "tick")
READING = {"check", "report", "ledger", "list", "show", "verify", "rejects", "debts", "unpaid"}
SEALING = (TICK, ("day", "close"))
TROUBLES = ("", "", "", "kill", "kill", "full", "rehearse")


class Disagreement(AssertionError):
    """The program and the model, or the program and its promises, do not agree."""


class Life:
    """One seed's city in the current folder."""

    def __init__(self, seed: int) -> None:
        self.seed, self.chance = seed, random.Random(seed)
        self.city = small_city.found(self.chance)
        self.paying: payments.Paying | None = None
        if seed % 2:  # in every second city merchants are paid
            own = random.Random(f"{seed}, payments")
            self.city.terms = payments.draw_terms(own, has_staff=self.city.has_staff)
            self.paying = payments.Paying(city_payments.Payments(self.city.terms))
        # in every third city vouchers are prolonged; the others live as they did before that
        self.deeds = (*DEEDS, *(office.prolong,) * 3) if seed % 3 == 2 else DEEDS
        if self.paying:  # in place of half of the corrections
            self.deeds = (*self.deeds, *PAYING)
            for _ in range(6):
                at = self.deeds.index(corrections.propose)
                self.deeds = self.deeds[:at] + self.deeds[at + 1 :]
        self.done: list[str] = []
        self.listed: dict[tuple[str, ...], deeds.Ran] = {}  # since somebody wrote last
        self.seen: dict[str, int] = {}
        self.has_raced = False
        self.kept: nights.Kept | None = None
        self.applied: dict[str, list[city_model.Row]] = {}  # applications that are in, by round
        self.sealed: set[str] = set()  # rounds with a plan of which no cells have come
        self.seals = seals.Seals()
        self.corrections = corrections.Corrections()
        # what stood last evening, while nothing but late files can have moved it
        self.stood: set[city_model.Row] = set()

    def run(self, days: int) -> None:
        office.found(self)
        for day in range(days):
            self.city.now = max(
                self.city.now, small_city.BEGINNING + day * small_city.DAY + 7 * small_city.HOUR
            )
            office.plan(self)
            if self.paying is not None:
                self.go_to_the_bank()
            for _ in range(self.chance.randint(8, 14) - 3 * (self.paying is not None)):
                self.city.pass_time()
                self.chance.choice(self.deeds)(self)
            self.city.pass_time()
            self.tick()
            for file in [file for file in self.city.files if file.is_cut]:
                desks.take_in(self, file)
            evening.close(self)
            self.count("rows sealed late", seals.count_late(self))
            if self.has_raced:  # what the evening had to judge again was chance of another kind
                self.chance.seed(f"{self.seed}, after day {day}")
            nights.pass_night(self)
        payouts.finish(self)

    def go_to_the_bank(self) -> None:
        """Where merchants are paid there is more to pay: files come in, and finance is early."""
        banking.hear(self)
        for deed in (happen, happen, desks.tell_claims, desks.tell_payments, payments.pay_day):
            if self.chance.random() < 0.8:
                self.city.pass_time()
                deed(self)

    def do(self, *args: str, codes: tuple[int, ...] = (0,), trouble: str = "") -> deeds.Ran:
        """A command at the city's clock, perhaps first with a trouble; it must end with one of the
        codes.
        """
        args = (*args, "--now", shown(self.city.now))
        if (said := self.listed.get(args)) is not None:
            return said
        if trouble:
            self.suffer(args, trouble)
        if not READING.intersection(args[:2]):
            self.listed.clear()
        ran = deeds.run(*args)
        self._note(args, ran.code)
        for why in REFUSAL.findall(ran.err):
            self.count(why)
        if ran.code not in codes:
            raise Disagreement(f"exit {ran.code}, not {codes}: {ran.out}{ran.err}")
        if args[:2] in SEALING:
            seals.look(self)
        if args[:2] == TICK and ran.code in (0, 4):
            payments.was_ticked(self)
        if args[1] == "list" or args[0] == "ledger":
            self.listed[args] = ran
        return ran

    def race(self, *commands: tuple[str, ...], codes: tuple[int, ...]) -> None:
        """Commands at once; who comes first is chance, what stands in the end is not."""
        self.has_raced = True
        self.listed.clear()
        commands = tuple((*each, "--now", shown(self.city.now)) for each in commands)
        for args, code in zip(commands, deeds.race(*commands), strict=True):
            self._note((*args, "(at once)"), code)
            if code not in codes:
                raise Disagreement(f"exit {code}, not {codes}, of {args} in a race")
        if any(args[:2] == TICK for args in commands):
            payments.was_ticked(self)

    def suffer(self, args: tuple[str, ...], trouble: str) -> None:
        """A command that is rehearsed, killed, or has no room."""
        if trouble == "rehearse":
            before = deeds.content()
            self._note((*args, "--dry-run"), deeds.run(*args, "--dry-run").code)
            if deeds.content() != before:
                raise Disagreement("a rehearsal changed the file")
            return
        if trouble == "kill":
            commits, is_after = self.chance.randint(1, 4), self.chance.random() < 0.5
            code = deeds.run_killed(*args, commits=commits, is_after=is_after)
            name = f"killed {'after' if is_after else 'before'} commit {commits}"
        else:
            pages = self.chance.randint(1, 4)
            code = deeds.run_on_full_disk(*args, pages=pages)
            name = f"room for {pages} pages"
        self._note((*args, f"({name})"), code)
        if code not in (0, 3, 4, deeds.KILLED):
            raise Disagreement(f"exit {code} in trouble: {name}")
        if args[:2] in SEALING:
            seals.look(self)
        if self.chance.random() < CHECKED:
            self.do("check")

    def _note(self, args: tuple[str, ...], code: int) -> None:
        self.done.append(f"voucher {' '.join(args)}  -> {code}")
        self.count(" ".join(takewhile(str.isalpha, args[:2])))

    def count(self, what: str, times: int = 1) -> None:
        self.seen[what] = self.seen.get(what, 0) + times

    def agree(self, what: str, ours: Any, theirs: Any) -> None:
        if ours == theirs:
            return
        if isinstance(ours, dict) and isinstance(theirs, dict):
            keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
            ours, theirs = ({key: each.get(key) for key in keys} for each in (ours, theirs))
        raise Disagreement(f"{what}: the model says {ours}, the program {theirs}")

    def trouble(self) -> str:
        return self.chance.choice(TROUBLES)

    def tick(self) -> None:
        self.do("schedule", "tick", codes=(0, 4), trouble=self.trouble())
        seals.was_sealed(self)
        lottery.draw(self)


def happen(life: Life) -> None:
    """Residents claim and pay."""
    life.city.live()


def jump(life: Life) -> None:
    """The machine wakes in another month: its tick does nothing."""
    before = evening.rounds_and_facts(life)
    if "schedule tick" in life.seen:
        life.city.now += FAR
        life.do("schedule", "tick", codes=(3,))
        life.city.now -= FAR
        life.agree("what stood before a clock that jumped", before, evening.rounds_and_facts(life))


def rotate(life: Life) -> None:
    """Everybody's token is wrapped by a new key."""
    life.do(
        "key", "rotate", "--reason", "a copy was lost", "--actor", "lin", trouble=life.trouble()
    )


DEEDS: tuple[Callable[[Life], None], ...] = (
    *(happen,) * 6,
    *(desks.send,) * 5,
    *(office.amend,) * 2,
    *(office.plan, office.renew_pack, office.limit, office.suspend, office.register),
    *(nights.restore,) * 2,
    *(lottery.announce, lottery.apply, Life.tick, jump, rotate),
    *(corrections.propose,) * 12,
    *(corrections.decide,) * 3,
    *(seals.close, seals.close, seals.sign, seals.sign, seals.race),
    *(
        desks.again,
        desks.undo,
        desks.retry,
        desks.land,
        desks.cut,
        desks.race,
        desks.race_with_seal,
    ),
)
PAYING: tuple[Callable[[Life], None], ...] = (
    *(payments.pay_day,) * 3,
    *(banking.hear,) * 4,
    *(payments.go_on,) * 2,
    *(banking.hold, banking.hold, banking.release),
    *(banking.repay, banking.write_off, banking.note_paid),
    *(banking.hear_again, banking.race_answers),
)


def live(seed: int, days: int, folder: Path) -> Life:
    """Let the city of that seed live in that folder. What goes wrong names its last deeds, and the
    command that replays it.
    """
    life = Life(seed)
    try:
        with deeds.laboratory(folder):
            life.run(days)
    except BaseException as error:
        again = f"again: make simulate DAYS={days} SEED={seed}"
        error.add_note("\n".join((*life.done[-LAST:], again)))
        raise
    return life
