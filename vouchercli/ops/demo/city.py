"""What a demo consists of, whichever the city."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from vouchercli.formats.configs import locate
from vouchercli.ops.setup import configs
from vouchercli.rules import staff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vouchercli.ops.demo.claims import Coupon
    from vouchercli.result import Message
    from vouchercli.rules.programmes import Programme


Show = Literal["output", "command", "nothing"]


@dataclass(frozen=True)
class Step:
    """One command of the story, the exit code it must end with, and what is shown of it."""

    args: tuple[str, ...]
    exit: int = 0
    show: Show = "command"

    @property
    def command(self) -> str:
        """As one types it."""
        return "voucher " + " ".join(
            f'"{arg}"' if " " in arg else shlex.quote(arg) for arg in self.args
        )


def step(command: str, *more: str, exit_code: int = 0) -> Step:
    """A command of the demo; words that contain blanks are given in `more`."""
    return Step((*command.split(), *more), exit_code)


def maker(command: str, *more: str, now: str, exit_code: int = 0) -> Step:
    """A command of chen, the maker of the programme."""
    return step(command, *more, "--actor", "chen", "--now", now, exit_code=exit_code)


def unseen(steps: Iterable[Step]) -> list[Step]:
    """The steps, none of which is shown: the work of an earlier round once more."""
    return [replace(each, show="nothing") for each in steps]


def shipped(code: str) -> Programme:
    """The programme that is shipped under that code; a `configs` folder in the working folder is
    not used.
    """
    return configs.read_programme(str(locate.shipped() / "programmes" / f"{code}.yaml"))[0]


def batches(steps: list[Step]) -> int:
    """How many files the steps import, each file counted once, and draws whose packs are granted
    here: the number of the last batch.
    """
    draws = sum(step.args[:2] == ("draw", "run") for step in steps)
    return draws + len({step.args[2] for step in steps if step.args[1:2] == ("import",)})


@dataclass(frozen=True)
class Plan:
    """A round as the demo puts it up: the terms of `round create`, and how fast it goes. `packs`
    are before scaling.
    """

    template: str
    packs: int
    drafted: str
    opens: str
    sold_out_after: int
    coupons: tuple[Coupon, ...]
    terms: tuple[str, ...] = ()

    def put_up(self, code: str, scale: int, programme: Programme) -> list[Step]:
        """The commands that bring it from nothing to open: chen makes it, as many checkers as the
        amount needs approve it, it opens on its minute.
        """
        quota_fen = self.packs // scale * sum(coupon.denomination for coupon in self.coupons)
        checkers = [person.name for person in programme.staff if "checker" in person.roles]
        terms = f"--template {self.template} --packs {self.packs // scale}"
        return [
            maker(
                f"round create {code} {terms}",
                *self.terms,
                "--opens-at",
                self.opens,
                now=self.drafted,
            ),
            maker(f"round submit {code}", now=self.drafted),
            *(
                step(f"round approve {code} --actor {checker} --now", self.drafted)
                for checker in checkers[: staff.checkers_needed(quota_fen, programme.approvals)]
            ),
            maker(f"round open {code}", now=self.opens),
        ]


@dataclass(frozen=True)
class City:
    """A programme that can be shown: its files and its story at 1:scale (the first scale is the
    usual one).

    `reports` are the commands whose JSON the demo gives, and compares with what was published;
    `assumptions` are said at the end. `unanswered`: the payment file that the bank has not
    answered; what it will answer is written into a file, and `to_close` are the commands that then
    close the programme with nothing left over.
    """

    programme: str
    scales: tuple[int, ...]
    files: Callable[[int], dict[str, str]]
    steps: Callable[[int], tuple[Step, ...]]
    reports: tuple[tuple[str, ...], ...]
    assumptions: tuple[Message, ...]
    try_next: tuple[str, ...]
    unanswered: str = ""
    to_close: tuple[str, ...] = ()
