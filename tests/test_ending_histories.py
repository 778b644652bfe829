"""Small lives by chance: payments, refunds before and after they are paid, holds, banks that give
money back, merchants without accounts. Whatever was, the programme can be closed by doing what the
refusals say, and ends with appropriated = paid + returned, to the fen.
"""

from __future__ import annotations

import os
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import endings
import pytest
import towns
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_settlements import PAYERS, SHOPS, STAFF

CLAIMS = 4
LIVES = int(os.environ.get("ENDINGS", "40"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 2)),
        st.tuples(st.just("refund"), st.integers(0, 5)),
        st.tuples(st.just("hold"), st.integers(0, 2)),
        st.tuples(st.just("settle"), st.sampled_from(("paid", "rejected", "returned", "nothing"))),
        st.tuples(st.just("sleep"), st.integers(1, 3)),
        st.tuples(st.just("reverse"), st.integers(0, 5)),
    ),
    min_size=2,
    max_size=9,
)
UNUSED = st.sampled_from(("pool", "treasury"))


def make(voucher: Any) -> None:
    """Rounds r1 and r2, claimed, paid by a treasury, a district and a platform."""
    unused = "treasury" if Path("treasury").exists() else "pool"
    towns.build(
        voucher,
        towns.programme(
            funds={"treasury": "100.00", "district": "40.00", "alipay": "platform"},
            staff=STAFF,
            clock={"jump": "900 days"},
            unused=unused,
        ),
        towns.pack(
            "pack",
            towns.coupon("10", "40", 2),
            funding={"treasury": "50%", "district": "20%", "alipay": "30%"},
        ),
        merchants=SHOPS,
    )
    payers = PAYERS + PAYERS.replace("treasury", "district") + PAYERS.replace("treasury", "alipay")
    Path("payers.yaml").write_text(payers, "utf-8")
    for place, code in enumerate(("r1", "r2"), start=1):
        towns.make_round(voucher, code, packs=3, state="open", closes="2020-03-28 08:00")
        rows = [f"C{place}{n},{code},P{n},2020-03-27 09:00\n" for n in (1, 2)]
        towns.write(f"claims-{code}.csv", towns.CLAIMS + "".join(rows))
        at = ("--actor", "mei", "--now", "2020-03-27 09:30")
        voucher("claim", "import", f"claims-{code}.csv", *at)


class Life(endings.Officer):
    """A programme that lives; what a step chooses among is a number."""

    def __init__(self, unused: str, *, gives_up: bool) -> None:
        super().__init__("2020-03-27 20:00", gives_up=gives_up)
        for name, content in towns.files(
            ("endings", unused), towns.START, self._made(unused)
        ).items():
            Path(name).write_bytes(content)
            Path(name).chmod(0o600)
        self.rows = 0
        self.free = [(f"C{r}{n}", k) for n in (1, 2) for r in (1, 2) for k in (1, 2)]
        self.paid: list[str] = []  # numbers of payments that stand, with what a refund says

    @staticmethod
    def _made(unused: str) -> Any:
        def of_kind(voucher: Any) -> None:
            if unused == "treasury":
                Path("treasury").touch()
            make(voucher)

        return of_kind

    def pay(self, shop: int) -> None:
        if not self.free or f"{self.now:%F}" > "2020-04-02":
            return
        self.rows += 1
        claim, coupon = self.free.pop(0)
        said = f"{claim},{coupon},M{shop + 1}"
        at = f"{self.now:%F} 12:{self.rows:02d}:00"
        self._import(f"T{self.rows},pay,{said},{at},50,0,10,")
        self.paid.append(f"T{self.rows}|{said}")

    def refund(self, place: int) -> None:
        if not self.paid:
            return
        number, said = self.paid.pop(place % len(self.paid)).split("|")
        self.rows += 1
        at = f"{self.now:%F} 19:{self.rows:02d}:00"
        self._import(f"R{self.rows},refund,{said},{at},50,0,10,{number}")

    def _import(self, row: str) -> None:
        self.files += 1
        name = towns.write(f"rows-{self.files}.csv", f"{towns.PAYMENTS}{row}\n")
        assert self.do("redemption", "import", name).data["rejected"] == 0

    def reverse(self, place: int) -> None:
        if not self.paid:
            return
        number, _ = self.paid.pop(place % len(self.paid)).split("|")
        papers = ("--reverse", "--note", "typed in wrongly", "--evidence", "receipt")
        self.sure("redemption", "correct", number, *papers)  # it may wait to the end

    def hold(self, shop: int) -> None:
        about = ("--merchant", f"M{shop + 1}", "--reason", "disputed", "--evidence", "letter")
        self.do("settlement", "hold", *about)

    def settle(self, how: str) -> None:
        day = f"{self.now:%F}"
        self.wait()
        self.do("day", "close", day)
        self.do("day", "sign", day, by="wu")
        for each in self.do("settlement", "run", "--up-to", day).data["settlements"]:
            if how != "nothing":
                self._pay(str(each["settlement"]), how)

    def _pay(self, number: str, how: str) -> None:
        self.sure("settlement", "verify", number, "--note", "agrees")
        self.sure("settlement", "approve", number, by="lin")
        name = f"pay-{number}.csv"
        to = ("--bank", "voucher", "--to", name)
        self.sure("settlement", "export", number, *to, by="wu")
        for status in ("paid", "returned") if how == "returned" else (how,):
            rows = [
                f"{each},{status},,{self.now:%F},{status}-{number},," for each in endings.sent(name)
            ]
            heard = ("--bank", "voucher")
            self.sure("settlement", "paid", endings.answer(rows), *heard, by="wu")

    def step(self, what: str, which: Any) -> None:
        if what == "sleep":
            self.wait(which)
        else:
            getattr(self, what)(which)


def live(unused: str, *, gives_up: bool, steps: list[tuple[str, Any]]) -> Life:
    with TemporaryDirectory() as folder, chdir(folder), pytest.MonkeyPatch.context() as patch:
        for name in ("VOUCHER_DB", "VOUCHER_PROGRAMME", "VOUCHER_LANG", "VOUCHER_ACTOR"):
            patch.delenv(name, raising=False)
        patch.setenv("VOUCHER_NOW", towns.START)
        life = Life(unused, gives_up=gives_up)
        for each in steps:
            life.step(*each)
        life.close(steps=120)
        life.final()
    return life


def test_a_life_with_all_of_it_ends_with_nothing_left_over() -> None:
    steps = [
        ("pay", 0), ("pay", 0), ("pay", 2), ("hold", 1), ("settle", "paid"), ("refund", 0),
        ("pay", 1), ("settle", "returned"), ("settle", "nothing"), ("reverse", 0),
    ]  # fmt: skip
    life = live("pool", gives_up=True, steps=steps)
    assert {"vouchers_out", "days_not_sealed", "hold_stands", "round_goes_on"} <= {*life.met}


CALM = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.explicit, Phase.generate),
}


@pytest.mark.slow
@settings(max_examples=LIVES, **CALM)
@given(unused=UNUSED, gives_up=st.booleans(), steps=STEPS)
def test_every_life_can_be_closed_by_doing_what_is_said(
    unused: str, gives_up: bool, steps: list[tuple[str, Any]]
) -> None:
    assert "round_goes_on" in live(unused, gives_up=gives_up, steps=steps).met
