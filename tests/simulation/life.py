"""Some days of the city under one seed: who does what at which moment, through the real commands, with
kills and full disks, and what must hold when the day ends.
"""

from __future__ import annotations

import json
import os
import random
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any

import deeds
import evening
import small_city
from small_city import City, File, shown

DEEDS = ("live",) * 6 + ("send",) * 5 + ("amend",) * 2
DEEDS += ("plan", "tick", "again", "undo", "retry", "land", "jump", "cut", "rotate")
FAR = 20 * small_city.DAY  # further than a programme believes its clock
LAST = 40  # deeds that a failure names
TROUBLES = ("", "", "", "kill", "kill", "full", "rehearse")


class Disagreement(AssertionError):
    """The program and the model, or the program and its promises, do not agree."""


class Life:
    """One seed's city in the current folder."""

    def __init__(self, seed: int) -> None:
        self.seed, self.chance = seed, random.Random(seed)
        self.city = City(self.chance, small_city.draw_terms(self.chance))
        self.done: list[str] = []
        self.seen: dict[str, int] = {}

    def run(self, days: int) -> None:
        self._found()
        for day in range(days):
            self.city.now = max(
                self.city.now, small_city.BEGINNING + day * small_city.DAY + 7 * small_city.HOUR
            )
            self.plan()
            for _ in range(self.chance.randint(8, 14)):
                self.city.pass_time()
                getattr(self, self.chance.choice(DEEDS))()
            self.city.pass_time()
            self.tick()
            for file in [file for file in self.city.files if file.is_cut]:
                self._import(file)
            evening.close(self)

    # ------------------------------------------------------------ deeds

    def _found(self) -> None:
        terms = self.city.terms
        kinds = {
            "treasury": {"kind": "public", "amount": "1000000.00"},
            "shop": {"kind": "platform"},
        }
        programme = {
            "programme": "town",
            "name": {"zh": "小镇", "en": "Town"},
            "time_zone": "Asia/Shanghai",
            "funders": {name: kinds[name] for name, _ in terms.funders},
            "refunds": terms.policy,
            "limits": {"packs_per_resident_per_round": 1_000},
            "unused_after_days": 90,
        }
        coupons = [
            {
                "count": 1,
                "kind": "amount_off",
                "denomination": small_city.yuan(face),
                "threshold": small_city.yuan(least),
            }
            for face, least in terms.coupons
        ]
        pack = {
            "template": "pack",
            "name": {"zh": "消费券", "en": "Voucher"},
            "coupons": coupons,
            "validity": {"days_after_claim": terms.days},
            "funding": {name: f"{share}%" for name, share in terms.funders},
        }
        shops = "".join(f"{number},店,西湖区\n" for number in terms.merchants)
        Path("programme.yaml").write_text(json.dumps(programme), "utf-8")
        Path("pack.yaml").write_text(json.dumps(pack), "utf-8")
        Path("shops.csv").write_text("merchant_no,name,district\n" + shops, "utf-8")
        for words in (
            "init",
            "programme load programme.yaml",
            "template add pack.yaml",
            "merchant import shops.csv",
        ):
            self.do(*words.split())

    def do(self, *args: str, codes: tuple[int, ...] = (0,), trouble: str = "") -> deeds.Ran:
        """A command at the city's clock, perhaps first with a trouble; it must end with one of the
        codes.
        """
        args = (*args, "--now", shown(self.city.now))
        if trouble:
            self._suffer(args, trouble)
        ran = deeds.run(*args)
        self._note(args, ran.code)
        if ran.code not in codes:
            raise Disagreement(f"exit {ran.code}, not {codes}: {ran.out}{ran.err}")
        return ran

    def _suffer(self, args: tuple[str, ...], trouble: str) -> None:
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
        if self.chance.random() < 0.5:
            self.do("check")

    def _note(self, args: tuple[str, ...], code: int) -> None:
        self.done.append(f"voucher {' '.join(args)}  -> {code}")
        what = " ".join(takewhile(str.isalpha, args[:2]))
        self.seen[what] = self.seen.get(what, 0) + 1

    def agree(self, what: str, ours: Any, theirs: Any) -> None:
        if ours == theirs:
            return
        if isinstance(ours, dict) and isinstance(theirs, dict):
            keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
            ours, theirs = ({key: each.get(key) for key in keys} for each in (ours, theirs))
        raise Disagreement(f"{what}: the model says {ours}, the program {theirs}")

    def trouble(self) -> str:
        return self.chance.choice(TROUBLES)

    def live(self) -> None:
        """Residents claim and pay."""
        self.city.live()

    def plan(self) -> None:
        """A round is drafted, submitted and approved; the tick will open it."""
        round_ = self.city.plan_round()
        terms = ["--template", "pack", "--packs", str(round_.packs)]
        terms += ["--opens-at", shown(round_.opens_at), "--closes-at", shown(round_.closes_at)]
        self.do("round", "create", round_.code, *terms, "--actor", "mei")
        self.do("round", "submit", round_.code, "--actor", "mei")
        self.do(
            "round", "approve", round_.code, "--actor", "lin", codes=(0, 3), trouble=self.trouble()
        )

    def amend(self) -> None:
        """A round gets more packs, is paused or goes on; what became of it is asked."""
        round_ = self.chance.choice(self.city.rounds[-3:])
        is_paused = bool(round_.pauses) and round_.pauses[-1][1] is None
        what = self.chance.choice(("top-up", "resume" if is_paused else "pause"))
        more = ("--packs", str(self.chance.randint(1, 4))) if what == "top-up" else ()
        trouble = self.trouble()
        self.do("round", what, round_.code, *more, "--actor", "mei", codes=(0, 3), trouble=trouble)
        if what != "pause":
            approve = ("round", "approve", round_.code, "--actor", "lin")
            self.do(*approve, codes=(0, 3), trouble=trouble)
        data = self.do("round", "show", round_.code, "-o", "json").data
        self.city.amend(round_.code, packs=data["packs"], is_paused=data["state"] == "paused")

    def jump(self) -> None:
        """The machine wakes in another month: its tick does nothing."""
        before = evening.stands(self)
        if "schedule tick" in self.seen:
            self.city.now += FAR
            self.do("schedule", "tick", codes=(3,))
            self.city.now -= FAR
            self.agree("what stood before a clock that jumped", before, evening.stands(self))

    def tick(self) -> None:
        self.do("schedule", "tick", codes=(0, 4), trouble=self.trouble())

    def send(self) -> None:
        """A file comes to a desk."""
        file = self.city.write_file(self.chance.choice(("claim", "redemption")))
        Path(file.name).write_text(file.text, "utf-8")
        if file.rows:
            self._import(file)

    def _import(self, file: File) -> None:
        ran = self.do(
            file.kind, "import", file.name, "-o", "json", codes=(0, 4), trouble=self.trouble()
        )
        file.batch, file.is_cut = ran.data["batch"], False

    def cut(self) -> None:
        """An import is killed, and others go on before anybody finishes it."""
        file = self.city.write_file(self.chance.choice(("claim", "redemption")))
        if file.rows:
            Path(file.name).write_text(file.text, "utf-8")
            file.is_cut = True
            args = (file.kind, "import", file.name, "--now", shown(self.city.now))
            self._suffer(args, "kill")

    def land(self) -> None:
        """A file comes into the inbox; the next tick takes it in."""
        file = self.city.write_file(self.chance.choice(("claim", "redemption")))
        if not file.rows:
            return
        path = Path("inbox/shop", f"{file.kind}s", file.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8")
        os.utime(path, (deeds.MACHINE - 60, deeds.MACHINE - 60))
        self.tick()
        file.batch = self._batch_of(file)

    def _batch_of(self, file: File) -> int:
        """By its content: the same bytes under another name are the file that came before."""
        digest = sha256(file.text.encode()).hexdigest()
        listed = self.do("batch", "list", "-o", "json", "--limit", "0").data["batches"]
        return next(
            each["batch"]
            for each in listed
            if each["sha256"] == digest and each["state"] != "undone"
        )

    def again(self) -> None:
        """A file comes a second time, or once more after it was undone."""
        files = [file for file in self.city.files if file.rows and Path(file.name).exists()]
        if files:
            self._import(self.chance.choice(files[-8:]))

    def undo(self) -> None:
        files = [file for file in self.city.files if file.batch is not None]
        if files:
            file = self.chance.choice(files[-4:])
            ran = self.do(
                "batch", "undo", str(file.batch), "--yes", codes=(0, 3), trouble=self.trouble()
            )
            if ran.code == 0 or "[batch_undone]" in ran.err:
                gone = file.batch
                for each in files:
                    each.batch = None if each.batch == gone else each.batch

    def rotate(self) -> None:
        """Everybody's token is wrapped by a new key."""
        self.do("key", "rotate", "--reason", "a copy was lost", trouble=self.trouble())

    def retry(self) -> None:
        files = [file for file in self.city.files if file.batch is not None]
        if files:
            file = self.chance.choice(files[-6:])
            self.do(
                "batch", "retry", str(file.batch), "--yes", codes=(0, 4), trouble=self.trouble()
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
