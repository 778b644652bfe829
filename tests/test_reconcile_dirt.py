"""Bills as they come: late rows, amounts that are off, doubled rows, days cut at another hour, two
payments of one amount and minute, refunds in one row there and two here; a platform's own file; and
commands that are killed. All of it is synthetic.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from big_town import canonical
from processes import forked
from test_formats_sources import gbk_zipped
from test_platform_files import ALIPAY
from test_reconcile import HEAD
from test_settlements import LIN, MEI, SHOPS, STAFF, build, spend

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = ("--now", "2020-04-02 10:00")
JSON = ("-o", "json", *MEI, *NOW)


# ---------------------------------------------------------------- a day with all that goes wrong


@dataclass
class Dirt:
    """`size` payments of 27 March, as they stand here and as two bills of a platform show them,
    whose day ends at 23:00.
    """

    size: int
    ours: list[str] = field(default_factory=list)
    late_here: list[str] = field(default_factory=list)
    first_bill: list[str] = field(default_factory=list)
    second_bill: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.off, late = max(1, self.size // 1_000), max(1, self.size // 100)
        whom = random.Random(7).sample(range(10, self.size), self.off + 3 * late)
        self.amounts = set(whom[: self.off])
        self.late_there = set(whom[self.off : self.off + late])
        self.came_late = set(whom[self.off + late : self.off + 2 * late])
        self.doubled = set(whom[self.off + 2 * late :])
        self.after_cut = 0
        for n in range(self.size):
            self.add(n)
        # one payment given back in two parts here, in one row there
        for part, fen in (("a", 400), ("b", 600)):
            self.ours.append(row_here(f"R{part}", 0, "18:00", fen, "P0"))
        self.first_bill.append("RR,refund,M1,2020-03-27 18:05,10.00,P0,\n")

    def add(self, n: int) -> None:
        # P1 and P2: one amount and minute; the bill knows P2 by another number
        clock = "12:00" if n in (1, 2) else f"{9 + n % 15:02d}:{n % 60:02d}"
        (self.late_here if n in self.came_late else self.ours).append(row_here(f"P{n}", n, clock))
        number = "Q2" if n == 2 else f"P{n}"
        yuan = "9.99" if n in self.amounts else "10.00"
        shown = f"{number},pay,M{1 + n % 3},2020-03-27 {clock},{yuan},,\n"
        is_after = clock >= "23:00"
        self.after_cut += is_after
        bill = self.second_bill if is_after or n in self.late_there else self.first_bill
        bill.extend([shown] * (2 if n in self.doubled else 1))


def row_here(number: str, n: int, clock: str, fen: int = 0, of: str = "") -> str:
    kind, price = ("refund", fen // 20) if of else ("pay", 50)
    yuan = f"{fen / 100:.2f}" if of else "10.00"
    voucher = f"C{n // 5},{1 + n % 5},M{1 + n % 3}"
    return f"{number},{kind},{voucher},2020-03-27 {clock},{price},0,{yuan},{of}\n"


def lay_down(voucher: Any, dirt: Dirt) -> None:
    claims = -(-dirt.size // 5)
    towns.build(
        voucher,
        towns.programme(staff=STAFF, clock={"jump": "90 days"}),
        towns.pack("pack", towns.coupon("10", "40", 5), validity={"days_after_claim": 30}),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=claims, state="open", closes=towns.CLOSES)
    rows = [f"C{n},r1,P{n},2020-03-27 08:30\n" for n in range(claims)]
    towns.write("claims.csv", towns.CLAIMS + "".join(rows))
    voucher("claim", "import", "claims.csv", *MEI)
    towns.write("paid.csv", towns.PAYMENTS + "".join(dirt.ours))
    assert voucher("redemption", "import", "paid.csv", *JSON).data["rejected"] == 0


def hold(voucher: Any, name: str, rows: Iterable[str], day: str) -> dict[str, Any]:
    towns.write(name, HEAD + "".join(rows))
    days = ("--since", f"2020-03-{day}", "--until", f"2020-03-{day}")
    data: dict[str, Any] = voucher("reconcile", "run", name, *days, *JSON).data
    return data


@pytest.mark.parametrize("size", [60, pytest.param(5_000, marks=pytest.mark.slow)])
def test_the_dirt_of_a_real_day_has_its_names_and_goes_as_files_come(
    voucher: Any, size: int
) -> None:
    dirt = Dirt(size)
    lay_down(voucher, dirt)
    in_second = {
        line.split(",")[0] for line in dirt.second_bill
    }  # of them those that stand here wait
    waiting = {f"P{n}" for n in range(size)} & in_second - {f"P{n}" for n in dirt.came_late}
    doubled = sum(f"P{n}" not in in_second for n in dirt.doubled)
    missing = sum(f"P{n}" not in in_second for n in dirt.came_late)
    off = sum(f"P{n}" not in in_second for n in dirt.amounts)
    first = hold(voucher, "first.csv", dirt.first_bill, "27")["breaks"]
    assert first == {
        "missing_here": missing + 1,
        "missing_there": len(waiting) + 1,
        **({"amount": off} if off else {}),
        **({"duplicate": doubled} if doubled else {}),
    }
    towns.write("late.csv", towns.PAYMENTS + "".join(dirt.late_here))
    voucher("redemption", "import", "late.csv", *MEI, *NOW)
    second = hold(voucher, "second.csv", dirt.second_bill, "28")
    assert second["cleared"] == len(waiting)
    for name, bill, day in (
        ("first.csv", dirt.first_bill, "27"),
        ("second.csv", dirt.second_bill, "28"),
    ):
        hold(voucher, name, bill, day)  # what came late here is found where it is shown
    left = voucher("reconcile", "breaks", "--state", "open", *JSON).data["breaks"]
    counts = {kind: sum(e["type"] == kind for e in left) for kind in {e["type"] for e in left}}
    assert counts == {
        "missing_here": 1,
        "missing_there": 1,
        "amount": dirt.off,
        "duplicate": doubled,
    }
    lone = next(each["break"] for each in left if each["type"] == "missing_here")
    likely = voucher("reconcile", "show", str(lone), *JSON).data["candidates"]
    assert [(e["transaction_no"], e["seconds_apart"]) for e in likely] == [("P2", 0)]
    voucher("check", *NOW)


# ---------------------------------------------------------------- the bill of Alipay, as it comes


def alipay_row(number: str, clock: str, voucher: str, refund: str = "") -> str:
    cells = [f"{number}\t", f"O{number}\t", "退款" if refund else "交易", "", f"2020-03-27 {clock}"]
    cells += [f"2020-03-27 {clock}", "M1", "面馆", "", "", "*三(138****0000)"]
    paid = "-40.00" if refund else "40.00"
    cells += [paid, paid, "", "", "", "0.00", voucher, "券", "", "", f"{refund}\t", "", "", ""]
    return ",".join(cells)


def alipay_bill(*rows: str) -> bytes:
    """As the platform writes it: comments before and behind, GB18030, a tab behind each number."""
    paid, back = (sum(kind in row for row in rows) for kind in ("交易", "退款"))
    lines = ["#支付宝业务明细查询", "#账号：[20880000000000000156]"]
    lines += ["#起始日期：[2020年03月27日 00:00:00]   终止日期：[2020年03月28日 00:00:00]"]
    lines += ["#--------业务明细列表--------", ALIPAY, *rows, "#--------业务明细列表结束--------"]
    lines += [f"#交易合计：{paid}笔，商家实收共{40 * paid}.00元，商家优惠共0.00元"]
    lines += [f"#退款合计：{back}笔，商家实收退款共-{40 * back}.00元，商家优惠退款共0.00元"]
    return ("\r\n".join((*lines, "#导出时间：[2020年03月28日 08:00:00]")) + "\r\n").encode(
        "gb18030"
    )


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Five payments on 27 March, at M1, M2 and M3."""

    def all_of_it() -> None:
        build(voucher)
        spend(voucher)

    once("reconcile", all_of_it)
    return voucher


def test_a_bill_of_alipay_is_held_as_it_comes(town: Any, here: Path) -> None:
    towns.write(
        "paid.csv",
        towns.PAYMENTS + "2020032722001,pay,C2,1,M1,2020-03-27 12:00:05,50,0,10,\n"
        "RF-1,refund,C2,1,M1,2020-03-27 13:00:05,50,0,10,2020032722001\n"
        "2020032722002,pay,C2,2,M1,2020-03-27 12:30:05,50,0,10,\n",
    )
    town("redemption", "import", "paid.csv", *MEI, *NOW)
    raw = alipay_bill(
        *(alipay_row(f"T{n}", f"10:0{n}:00", "10.00") for n in (1, 2, 3)),
        alipay_row("2020032722001", "12:00:05", "10.00"),
        alipay_row("2020032722001", "13:00:05", "-10.00", "RF-1"),
        alipay_row("2020032722002", "12:30:05", "9.00"),
        alipay_row("2020032722009", "12:31:00", "0.00"),
    )
    names = {"20880_20200327_业务明细.csv": raw, "20880_20200327_业务明细(汇总).csv": b"#,1\r\n"}
    file = gbk_zipped(here, names).name
    answer = town("reconcile", "run", file, *JSON).data
    assert (answer["profile"], answer["encoding"]) == ("alipay-bill", "gb18030")
    assert (answer["read"], answer["rejected"], answer["agreed"]) == (7, 0, 6)
    assert answer["breaks"] == {"missing_there": 2, "amount": 1}  # T4, T5; a yuan less
    found = town("reconcile", "breaks", "--type", "amount", *JSON).data["breaks"]
    assert [(e["transaction_no"], e["our_fen"], e["their_fen"]) for e in found] == [
        ("2020032722002", 1_000, 900)
    ]
    assert b"138****0000" not in (here / "voucher.db").read_bytes()
    (here / "cut.csv").write_bytes(
        raw.replace("6笔，".encode("gb18030"), "7笔，".encode("gb18030"))
    )
    refused = town("reconcile", "run", "cut.csv", *JSON, expect=3)
    assert refused.json["problems"][0]["code"] == "footer_mismatch"
    town("check", *NOW)


# ---------------------------------------------------------------- killed

FALL = str(Path(__file__).with_name("fall.py"))
MORE = ("--explained", "--note", "till", "--evidence", "letter")
STORY = (
    ("reconcile", "run", "bill.csv", *MEI),
    ("reconcile", "assign", "1", "2", "--to", "wu", *MEI),
    ("reconcile", "resolve", "1", "2", *MORE, *MEI),
    ("reconcile", "approve", "1", *LIN),
    ("reconcile", "run", "whole.csv", *MEI),
    ("reconcile", "run", "bill.csv", *MEI),
)
ROWS = [f"T{n},pay,M{m},2020-03-27 10:0{n},10,,\n" for n, m in ((1, 1), (2, 1), (3, 1), (4, 2))]


def run(folder: Path, instant: int, args: tuple[str, ...]) -> int:
    """The command in a process of its own, killed at an instant (0: it only counts them)."""
    environ = os.environ | {"VOUCHER_NOW": "2020-03-30 10:00"}
    return forked(folder, *args, environ=environ, driver=(FALL, "instants", str(instant))).wait()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_and_run_again_gives_the_same(town: Any, here: Path, seed: int) -> None:
    towns.write("bill.csv", HEAD + "".join(ROWS[:3]) + "X9,pay,M3,2020-03-27 10:05,10,,\n")
    towns.write("whole.csv", HEAD + "".join(ROWS) + "T5,pay,M3,2020-03-27 10:05,10,,\n")
    shutil.copytree(here, here / "calm", ignore=shutil.ignore_patterns("calm"))
    chance, killed = random.Random(seed), 0
    for args in STORY:
        assert run(here / "calm", 0, args) == 0, args
        instants = int((here / "calm" / "instants").read_text("ascii"))
        for _ in range(2):
            code = run(here, chance.randint(1, instants), args)
            assert code in (0, 3, -signal.SIGKILL), args
            killed += code == -signal.SIGKILL
        assert run(here, 10**9, args) in (0, 3), args  # 3: the killed one had done it
    assert killed > 0
    assert canonical(here / "voucher.db") == canonical(here / "calm" / "voucher.db")
    town("check", *NOW)
