"""A piece of goods is used once over all rounds (`serial: once`), and a resident has so many pieces
of a class (`per_class`, `per_resident`): in chunks, with refunds, late files, undo and retry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.rules import details, packs, scope, templates

Town = Callable[..., Any]
HEADER = towns.PAYMENTS.replace("refund_of\n", "refund_of,goods,serial,序列号备注\n")
PIECES = {"goods": {"phone": {}, "ac": {"per_resident": 3}, "tv": {"grade": "<=2"}}}
ALL = PIECES | {"per_class": 1, "serial": "once"}


# ---------------------------------------------------------------- the documents


def test_a_class_has_its_own_number_or_the_one_for_all() -> None:
    template, faults = templates.read(towns.pack("green", towns.coupon("10", "40"), scope=ALL))
    assert not faults and template
    assert template.scope.goods == (
        scope.Goods("phone", "", 1),
        scope.Goods("ac", "", 3),
        scope.Goods("tv", "<=2", 1),
    )
    assert details.asked(template.scope, ()) == {"goods", "grade", "serial"}
    fields = packs.described(template)
    assert (
        fields["scope.goods"]
        == "phone (1 a resident), ac (3 a resident), tv (grade <=2) (1 a resident)"
    )
    assert fields["scope.serial"] == "once"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"serial": "twice"}, "not_a_choice"),
        ({"per_class": 1}, "idle_key"),
        ({"goods": ["tv"], "per_class": 0}, "bad_number"),
        ({"goods": {"tv": {"per_resident": "one"}}}, "bad_number"),
    ],
)
def test_a_wrong_key_is_a_fault(part: dict[str, Any], code: str) -> None:
    template, faults = templates.read(towns.pack("green", towns.coupon("10", "40"), scope=part))
    assert template is None
    assert [each.code for each in faults] == [code]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("352099001761481", "352099001761481"),
        ("35-209900-176148 1", "352099001761481"),
        ("sn１２3x", "SN123X"),
        ("C02/AB.1", "C02/AB.1"),
        ("123", None),
        ("9" * 41, None),
        ("三星电视", None),
        ("--", None),
    ],
)
def test_a_serial_number_is_compared_without_blanks_and_dashes(text: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(details.DetailError):
            details.read({"serial": text})
    else:
        assert details.read({"serial": text}) == {"serial": kept}


# ---------------------------------------------------------------- files


@pytest.fixture(params=["whole", "chunks"])
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Ann and Bob hold vouchers of rounds that ask for pieces (a, b) and one that does not (c)."""
    towns.build(
        voucher,
        towns.programme(staff={"mei": "maker", "lin": "checker"}),
        towns.pack("green", towns.coupon("100", "1000", 5), scope=ALL),
        towns.pack("plain", towns.coupon("100", "1000", 5)),
        merchants="merchant_no,name\nM1,Shop\n",
    )
    for code in "abc":
        template = "plain" if code == "c" else "green"
        towns.make_round(voucher, code, template=template, state="open")
    claims = "".join(
        f"{name}-{code},{code},{name},2020-03-27 10:00:00\n"
        for name in ("ann", "bob")
        for code in "abc"
    )
    voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + claims))
    monkeypatch.setattr(by_columns, "BYTES", 0)
    if request.param == "chunks":
        monkeypatch.setattr(chunks, "ROWS", 1)
    return voucher


def pay(number: str, claim: str, coupon: int, at: str, goods: str, serial: str = "") -> str:
    return f"{number},pay,{claim},{coupon},M1,2020-03-{at}:00,1000,0,100,,{goods},{serial},\n"


def refund(number: str, claim: str, coupon: int, at: str, of: str, amount: int = 1000) -> str:
    back = amount // 10
    return f"{number},refund,{claim},{coupon},M1,2020-03-{at}:00,{amount},0,{back},{of},,,\n"


def take(voucher: Any, name: str, *rows: str, here: tuple[str, ...] = ()) -> dict[str, str]:
    """Import them; what is refused, with its reason."""
    path = towns.write(name, HEADER + "".join(rows))
    data = voucher("redemption", "import", path, *here, "-o", "json", expect=None).data
    return rejected(voucher, data["batch"], here)


def rejected(voucher: Any, batch: int, here: tuple[str, ...] = ()) -> dict[str, str]:
    rejects = voucher("batch", "rejects", str(batch), *here, "-o", "json").data["rejects"]
    return {each["cells"][0]: each["reason"] for each in rejects}


def batch_of(voucher: Any, name: str) -> int:
    batches = voucher("batch", "list", "-o", "json").data["batches"]
    return next(each["batch"] for each in batches if each["file"].endswith(name))


def test_a_piece_is_used_once_in_all_rounds(town: Any) -> None:
    assert take(
        town,
        "day.csv",
        pay("T1", "ann-a", 1, "28 10:00", "phone", "SN-0001"),
        pay("T2", "bob-b", 1, "28 11:00", "phone", "sn0001"),
        pay("T3", "bob-b", 2, "28 12:00", "ac", "SN0002"),
        pay("T4", "bob-c", 1, "28 13:00", "phone", "SN0002"),  # a round that does not ask
    ) == {"T2": "serial_used"}
    assert take(town, "next.csv", pay("T5", "bob-a", 1, "28 14:00", "tv", "SN0002")) == {
        "T5": "serial_used"
    }
    said = town("batch", "rejects", str(batch_of(town, "next.csv")), "-o", "csv").out
    assert "serial number SN0002 was used already, in T3" in said
    town("check")


def test_a_piece_is_used_once_in_all_programmes(town: Any) -> None:
    document = towns.programme(staff={"mei": "maker", "lin": "checker"})
    town("programme", "load", towns.write("other.yaml", document | {"programme": "other"}))
    first = ("--programme", towns.programme()["programme"])
    take(town, "day.csv", pay("T1", "ann-a", 1, "28 10:00", "phone", "SN0001"), here=first)
    here = ("--programme", "other")
    people = {"checkers": ["lin"], "everywhere": here}
    towns.make_round(town, "z", template="green", state="open", **people)
    claims = towns.CLAIMS + "dan-z,z,dan,2020-03-27 10:00:00\n"
    town("claim", "import", towns.write("z.csv", claims), *here)
    again = pay("Z1", "dan-z", 1, "28 11:00", "tv", "SN0001")
    assert take(town, "z2.csv", again, here=here) == {"Z1": "serial_used"}


def test_one_of_each_class_and_three_of_another(town: Any) -> None:
    assert take(
        town,
        "day.csv",
        pay("T1", "ann-a", 1, "28 10:00", "phone"),
        pay("T2", "ann-b", 1, "28 11:00", "phone"),
        pay("T3", "ann-b", 2, "28 12:00", "tv"),
        *(pay(f"U{n}", "ann-a", 1 + n, f"28 13:0{n}", "ac") for n in range(1, 5)),
        pay("T4", "bob-a", 1, "28 14:00", "phone"),
        pay("T5", "ann-c", 1, "28 15:00", "phone"),  # a round that does not ask
        pay("T6", "bob-a", 2, "28 16:00", ""),
    ) == {"T2": "class_used", "U4": "class_used"}
    data = town("batch", "show", str(batch_of(town, "day.csv")), "-o", "json").data
    assert data["unverified"][0] == {"key": "goods", "rows": 1, "paid_fen": 10_000}
    assert data["unverified"][-1] == {"key": "serial", "rows": 7, "paid_fen": 70_000}
    said = town("batch", "rejects", str(batch_of(town, "day.csv")), "-o", "csv").out
    assert "as many of phone as one may have: 1" in said
    assert "as many of ac as one may have: 3" in said
    town("check")


def test_a_full_refund_gives_the_piece_and_the_class_back(town: Any) -> None:
    assert take(
        town,
        "day.csv",
        pay("T1", "ann-a", 1, "28 10:00", "phone", "SN0001"),
        pay("T2", "ann-a", 2, "28 11:00", "phone", "SN0003"),
        refund("R1", "ann-a", 1, "28 12:00", "T1"),
        pay("T3", "bob-a", 1, "28 13:00", "phone", "SN0001"),
        pay("T4", "ann-a", 3, "28 14:00", "phone", "SN0004"),
    ) == {"T2": "class_used"}
    town("check")
    half = refund("R4", "ann-a", 3, "28 15:00", "T4", 500)
    assert take(town, "half.csv", half, pay("T5", "ann-a", 4, "28 16:00", "phone", "SN0004")) == {
        "T5": "serial_used"
    }
    rest = refund("R5", "ann-a", 3, "28 15:30", "T4", 500)
    assert take(town, "rest.csv", rest) == {}
    batch = batch_of(town, "half.csv")
    town("batch", "retry", str(batch), "--yes")
    assert rejected(town, batch) == {}
    town("check")


def test_what_stands_holds_its_place_until_it_is_undone(town: Any) -> None:
    take(town, "late.csv", pay("T2", "bob-a", 1, "28 15:00", "phone", "SN0001"))
    early = pay("T1", "ann-a", 1, "28 09:00", "phone", "SN0001")
    assert take(town, "early.csv", early) == {"T1": "serial_used"}
    town("batch", "undo", str(batch_of(town, "late.csv")), "--yes")
    batch = batch_of(town, "early.csv")
    town("batch", "retry", str(batch), "--yes")
    assert rejected(town, batch) == {}
    assert take(town, "again.csv", pay("T3", "bob-a", 1, "28 15:00", "phone", "SN0001")) == {
        "T3": "serial_used"
    }
    town("check")


def test_a_corrected_payment_keeps_its_piece(town: Any) -> None:
    take(town, "day.csv", pay("T1", "ann-a", 1, "28 10:00", "phone", "SN0001"))
    who = ("--note", "typing", "--evidence", "till roll", "--now", towns.LATER)
    asked = ("--amount", "1200", *who, "--actor", "mei", "-o", "json")
    number = town("redemption", "correct", "T1", *asked).data["correction"]
    town("correction", "approve", str(number), "--actor", "lin", "--now", towns.LATER)
    path = towns.write("b.csv", HEADER + pay("T2", "bob-a", 1, "28 11:00", "tv", "SN0001"))
    ran = town("redemption", "import", path, "--now", towns.LATER, "-o", "json", expect=None)
    assert ran.data["reasons"] == {"serial_used": 1}
    town("check", "--now", towns.LATER)


def test_an_order_of_rows_that_is_not_the_order_of_time(town: Any) -> None:
    assert take(
        town,
        "day.csv",
        pay("T2", "bob-a", 1, "28 11:00", "phone", "SN0001"),
        pay("T1", "ann-a", 1, "28 10:00", "tv", "SN0001"),
        pay("T4", "ann-b", 1, "28 12:00", "ac", "SN0002"),
    ) == {"T2": "serial_used"}
    town("check")


def test_an_undone_refund_names_the_piece_that_is_used_twice(town: Any) -> None:
    take(town, "day.csv", pay("T1", "ann-a", 1, "28 10:00", "phone", "SN0001"))
    take(town, "back.csv", refund("R1", "ann-a", 1, "28 11:00", "T1"))
    take(town, "next.csv", pay("T2", "ann-b", 1, "28 12:00", "phone", "SN0001"))
    said = town("batch", "undo", str(batch_of(town, "back.csv")), "--yes").err
    assert "payment T2" in said
    assert "serial_used would refuse it now" in " ".join(said.split())
    assert "class_used would refuse it now" in " ".join(said.split())
    town("check")


def test_a_serial_number_that_is_none_is_a_bad_row(town: Any) -> None:
    assert take(town, "day.csv", pay("T1", "ann-a", 1, "28 10:00", "phone", "见发票")) == {
        "T1": "bad_row"
    }
