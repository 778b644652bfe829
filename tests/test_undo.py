"""The undo of a file takes away what this file alone brought: what another file brought too stays,
and is that file's from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    City = Callable[..., Callable[..., Ran]]

PAYMENTS = towns.PAYMENTS
T1 = "T1,pay,C1,1,M1,2020-03-27 12:10:00,45,5,10,\n"
T2 = "T2,pay,C2,1,M1,2020-03-27 12:20:00,45,5,10,\n"
T3 = "T3,pay,C3,1,M2,2020-03-27 12:30:00,45,5,10,\n"
R2 = "R2,refund,C2,1,M1,2020-03-27 18:00:00,45,5,10,T2\n"
COUNTS = ("state", "read", "accepted", "duplicate", "rejected")
RESIDENT = "33010219900101{:04d}"


def take_in(voucher: Callable[..., Ran], kind: str, name: str, text: str, **ran: Any) -> int:
    """Import the text; the number of its batch."""
    towns.write(name, text)
    data = voucher(kind, "import", name, "-o", "json", **ran).data
    return int(data["batch"])


def counts(voucher: Callable[..., Ran], batch: int) -> tuple[Any, ...]:
    data = voucher("batch", "show", str(batch), "-o", "json").data
    return tuple(data[key] for key in COUNTS)


def paid(here: Path) -> list[tuple[Any, ...]]:
    """What stands: number, batch and line."""
    return ask(here, "SELECT transaction_no, batch_id, line FROM redemption_facts ORDER BY 1")


def claimed(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, "SELECT claim_no, batch_id, line FROM claims ORDER BY 1")


# ---------------------------------------------------------------- payments


def test_a_payment_that_another_file_brought_too_stays(city: City, here: Path) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T2 + T3)
    assert counts(voucher, b) == ("done", 2, 1, 1, 0)
    ran = voucher("batch", "undo", str(a), "--yes")
    assert ran.err == (
        f"batch {a} is undone: 1 rows of a.csv were removed\n"
        f"1 rows stay: b.csv (batch {b}) brought them too, and has them now\n"
    )
    assert paid(here) == [("T2", b, 2), ("T3", b, 3)]
    assert counts(voucher, b) == ("done", 2, 2, 0, 0)
    total = voucher("report", "leverage", "-o", "json").data["total"]
    assert (total["redemptions"], total["subsidy_fen"]) == (2, 2_000)
    voucher("check")
    data = voucher("batch", "undo", str(b), "--yes", "-o", "json").data
    assert (data["undone"], data["stay"]) == (2, [])
    assert paid(here) == []
    voucher("check")


def test_the_undo_is_in_the_log_with_what_stayed(city: City) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T2 + T3)
    voucher("batch", "undo", str(a), "--yes")
    (line,) = voucher("audit", "log", "--deed", "redemptions.undo", "-o", "json").data["lines"]
    assert (line["detail"]["accepted"], line["detail"]["stay"]) == (1, {str(b): 1})


def test_the_undo_says_in_chinese_what_stays(city: City) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T2)
    said = voucher("batch", "undo", str(a), "--yes", "--lang", "zh").err
    assert f"保留 1 行：b.csv（导入批次 {b}）也含这些行，现归属该批次\n" in said


def test_a_file_that_lost_its_duplicates_first_leaves_nothing_behind(
    city: City, here: Path
) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T2 + T3)
    voucher("batch", "undo", str(b), "--yes")
    voucher("batch", "undo", str(a), "--yes")
    assert paid(here) == []
    assert ask(here, "SELECT * FROM duplicates") == []
    assert take_in(voucher, "redemption", "b.csv", PAYMENTS + T2 + T3) == b + 1
    assert paid(here) == [("T2", b + 1, 2), ("T3", b + 1, 3)]


def test_of_three_files_the_next_one_has_it(city: City, here: Path) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T1 + T2)
    c = take_in(voucher, "redemption", "c.csv", PAYMENTS + T2 + T2 + T3)
    assert counts(voucher, c) == ("done", 3, 1, 2, 0)
    voucher("batch", "undo", str(a), "--yes")
    assert paid(here) == [("T1", b, 2), ("T2", b, 3), ("T3", c, 4)]
    voucher("batch", "undo", str(b), "--yes")
    assert paid(here) == [("T2", c, 2), ("T3", c, 4)]
    assert counts(voucher, c) == ("done", 3, 2, 1, 0)  # the row that it has twice
    voucher("check")


def test_a_refund_of_another_file_does_not_hold_a_payment_that_stays(
    city: City, here: Path
) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T2 + R2)
    voucher("batch", "undo", str(a), "--yes")
    assert paid(here) == [("R2", b, 3), ("T2", b, 2)]
    voucher("check")


def test_what_another_file_rests_on_without_having_it_holds_the_undo(
    city: City, here: Path
) -> None:
    voucher = city()
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T1 + R2)
    ran = voucher("batch", "undo", str(a), "--yes", expect=3)
    assert f"1 later rows depend on it (batches {b})" in ran.err
    assert f"next: voucher batch undo {b}" in ran.err
    assert paid(here) == [("R2", b, 3), ("T1", a, 2), ("T2", a, 3)]
    assert counts(voucher, b) == ("done", 2, 1, 1, 0)


def test_of_two_refunds_of_one_payment_the_one_that_came_in_later_rests_on_the_other(
    city: City, here: Path
) -> None:
    voucher = city("pro_rata")
    late = "RL,refund,C2,1,M1,2020-03-27 18:00:00,30,10,5,T2\n"
    early = "RE,refund,C2,1,M1,2020-03-27 17:00:00,25,5,5,T2\n"
    take_in(voucher, "redemption", "t.csv", PAYMENTS + T2)
    first = take_in(voucher, "redemption", "late.csv", PAYMENTS + late)
    second = take_in(voucher, "redemption", "early.csv", PAYMENTS + early)
    ran = voucher("batch", "undo", str(first), "--yes", expect=3)
    assert f"next: voucher batch undo {second}" in ran.err
    voucher("batch", "undo", str(second), "--yes")
    total = voucher("report", "leverage", "-o", "json").data["total"]
    assert (total["redemptions"], total["base_fen"], total["subsidy_fen"]) == (1, 2_000, 500)
    voucher("batch", "undo", str(first), "--yes")
    voucher("check")


def test_a_refund_and_its_warning_stay_with_the_other_file(city: City, here: Path) -> None:
    stays = {"full": "stays", "late": "stays", "partial": "stays"}
    restores = {"full": "restores", "late": "forfeits", "partial": "forfeits"}
    voucher = city({"voucher": restores, "money": stays})
    both = PAYMENTS + T2 + R2.replace(",10,T2", ",0,T2")
    a = take_in(voucher, "redemption", "a.csv", both + T1)
    warned = voucher("batch", "show", str(a), "-o", "json").data["warning_reasons"]
    assert warned == {"subsidy_stays": 1}
    b = take_in(voucher, "redemption", "b.csv", both + T3)
    voucher("batch", "undo", str(a), "--yes")
    data = voucher("batch", "show", str(b), "-o", "json").data
    assert (data["accepted"], data["warnings"], data["warning_reasons"]) == (3, 1, warned)
    voucher("check")


# ---------------------------------------------------------------- claims and lists


def test_a_claim_that_another_file_brought_too_stays_with_its_payments(
    city: City, here: Path
) -> None:
    voucher = city(with_claims=False)
    head, *rows = (here / "claims.csv").read_text("utf-8").splitlines(keepends=True)
    a = take_in(voucher, "claim", "a.csv", head + rows[0] + rows[1])
    b = take_in(voucher, "claim", "b.csv", head + rows[1] + rows[2])
    take_in(voucher, "redemption", "paid.csv", PAYMENTS + T2)
    voucher("batch", "undo", str(a), "--yes")
    assert claimed(here) == [("C2", b, 2), ("C3", b, 3)]
    assert ask(here, "SELECT claimed FROM rounds") == [(2,)]
    assert counts(voucher, b) == ("done", 2, 2, 0, 0)
    voucher("check")


def test_a_file_whose_packs_all_stay_frees_none(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    text = (here / "claims.csv").read_text("utf-8")
    a = take_in(voucher, "claim", "a.csv", text)
    b = take_in(voucher, "claim", "b.csv", text + "\n")
    said = voucher("batch", "undo", str(a)).err  # nobody is asked: no pack is free again
    assert f"batch {a} is undone: 0 rows of a.csv were removed" in said
    assert [row[1] for row in claimed(here)] == [b, b, b]


def test_an_application_that_another_file_brought_too_stays(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    head = "application_no,round,resident,applied_at,device\n"
    rows = [f"A{n},r1,{RESIDENT.format(n)},2020-03-27 08:00:0{n},d1\n" for n in (1, 2, 3)]
    a = take_in(voucher, "application", "a.csv", head + rows[0] + rows[1])
    b = take_in(voucher, "application", "b.csv", head + rows[1] + rows[2])
    assert ask(here, "SELECT count(*) FROM persons") == [(3,)]
    voucher("batch", "undo", str(a), "--yes")
    kept = "SELECT application_no, batch_id, line FROM applications ORDER BY 1"
    assert ask(here, kept) == [("A2", b, 2), ("A3", b, 3)]
    assert ask(here, "SELECT count(*) FROM persons") == [(2,)]
    assert counts(voucher, b) == ("done", 2, 2, 0, 0)
    voucher("check")


def test_a_resident_whom_another_list_has_too_stays_on_it(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    head = "resident,group\n"
    rows = [f"{RESIDENT.format(n)},needy\n" for n in (1, 2, 3)]
    a = take_in(voucher, "eligibility", "a.csv", head + rows[0] + rows[1])
    b = take_in(voucher, "eligibility", "b.csv", head + rows[1] + rows[2])
    voucher("batch", "undo", str(a), "--yes")
    assert ask(here, "SELECT batch_id, line FROM eligibility ORDER BY line") == [(b, 2), (b, 3)]
    assert counts(voucher, b) == ("done", 2, 2, 0, 0)


def test_who_was_taken_off_a_list_by_name_does_not_come_back_with_an_undo(
    city: City, here: Path
) -> None:
    voucher = city(with_claims=False)
    head = "resident,group\n"
    rows = [f"{RESIDENT.format(n)},needy\n" for n in (1, 2)]
    a = take_in(voucher, "eligibility", "a.csv", head + rows[0] + rows[1])
    b = take_in(voucher, "eligibility", "b.csv", head + rows[0])
    voucher("eligibility", "remove", RESIDENT.format(1))
    voucher("batch", "undo", str(a), "--yes")
    assert ask(here, "SELECT count(*) FROM eligibility") == [(0,)]
    assert counts(voucher, b) == ("done", 1, 0, 1, 0)


# ---------------------------------------------------------------- registries

M = {n: f"M{n},店{n},西湖区\n" for n in range(5, 9)}
REGISTRY = "merchant_no,name,district\n"


def registered(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, "SELECT merchant_no, name FROM merchants WHERE merchant_no > 'M2' ORDER BY 1")


def test_a_merchant_that_a_later_registry_lists_stays(city: City, here: Path) -> None:
    voucher = city()
    a = take_in(voucher, "merchant", "a.csv", REGISTRY + M[5] + M[6])
    b = take_in(voucher, "merchant", "b.csv", REGISTRY + M[6] + M[7])
    ran = voucher("batch", "undo", str(a), "--yes")
    assert f"1 rows stay: b.csv (batch {b}) brought them too, and has them now" in ran.err
    assert registered(here) == [("M6", "店6"), ("M7", "店7")]
    assert counts(voucher, b) == ("done", 2, 2, 0, 0)
    changes = voucher("merchant", "show", "M6", "-o", "json").data["changes"]
    assert [each["batch"] for each in changes] == [b]
    voucher("batch", "undo", str(b), "--yes")
    assert registered(here) == []


def test_a_merchant_whom_a_later_registry_left_as_changed_stays_changed(
    city: City, here: Path
) -> None:
    voucher = city()
    take_in(voucher, "merchant", "a.csv", REGISTRY + M[5] + M[6])
    b = take_in(voucher, "merchant", "b.csv", REGISTRY + M[5] + M[6].replace("店6", "大店"))
    c = take_in(voucher, "merchant", "c.csv", REGISTRY + M[6].replace("店6", "大店"))
    voucher("batch", "undo", str(b), "--yes")
    assert registered(here) == [("M5", "店5"), ("M6", "大店")]
    assert counts(voucher, c) == ("done", 1, 1, 0, 0)
    voucher("batch", "undo", str(c), "--yes")
    assert registered(here) == [("M5", "店5"), ("M6", "店6")]


def test_payments_at_a_merchant_that_stays_do_not_hold_the_undo(city: City, here: Path) -> None:
    voucher = city()
    a = take_in(voucher, "merchant", "a.csv", REGISTRY + M[5] + M[6])
    take_in(voucher, "merchant", "b.csv", REGISTRY + M[6])
    take_in(voucher, "redemption", "paid.csv", PAYMENTS + T1.replace("M1", "M6"))
    voucher("batch", "undo", str(a), "--yes")
    assert registered(here) == [("M6", "店6")]
    voucher("check")


def test_a_merchant_that_nobody_registered_goes_with_the_last_file_that_names_it(
    voucher: Callable[..., Ran], here: Path
) -> None:
    open_to_all = towns.pack("pack", towns.coupon("10.00", "40.00"), scope={"registration": "open"})
    towns.build(voucher, towns.programme(), open_to_all)
    towns.make_round(voucher, "r1", closes="2020-03-28 08:00", state="open")
    row = "C{},r1,33010219900101001{},2020-03-27 08:00:0{}\n"
    claims = towns.CLAIMS + "".join(row.format(n, n, n) for n in (1, 2, 3))
    voucher("claim", "import", towns.write("claims.csv", claims))
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + T1 + T2.replace("M1", "M9"))
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + T1)
    numbers = (
        "SELECT merchant_no, batch_id FROM merchants JOIN merchant_changes USING (merchant_id)"
    )
    voucher("batch", "undo", str(a), "--yes")
    assert ask(here, numbers) == [("M1", b)]
    voucher("batch", "undo", str(b), "--yes")
    assert ask(here, "SELECT count(*) FROM merchants") == [(0,)]


# ---------------------------------------------------------------- retry and rejects


def test_what_repeats_a_payment_that_gave_way_is_refused_like_it(city: City, here: Path) -> None:
    """T2 of b is also in a; the earlier T1 of c takes its voucher: both are rejects then, and
    either can be accepted once c is undone.
    """
    voucher = city(with_claims=False)
    late = "T2,pay,C1,1,M1,2020-03-27 12:20:00,45,5,10,\n"
    c = take_in(voucher, "redemption", "c.csv", PAYMENTS + T1.replace("M1", "M9"), expect=4)
    voucher("claim", "import", "claims.csv")
    a = take_in(voucher, "redemption", "a.csv", PAYMENTS + late)
    b = take_in(voucher, "redemption", "b.csv", PAYMENTS + late + T3)
    take_in(voucher, "merchant", "m.csv", REGISTRY + "M9,店9,西湖区\n")
    voucher("batch", "retry", str(c), "--yes", expect=None)
    assert paid(here) == [("T1", c, 2), ("T3", b, 3)]
    assert counts(voucher, a) == ("done", 1, 0, 0, 1)
    assert counts(voucher, b) == ("done", 2, 1, 0, 1)
    voucher("batch", "undo", str(c), "--yes")
    voucher("batch", "undo", str(a), "--yes")
    voucher("batch", "retry", str(b))
    assert paid(here) == [("T2", b, 2), ("T3", b, 3)]
    voucher("check")


@pytest.mark.parametrize("is_retried", [False, True])
def test_a_reject_of_one_file_never_makes_a_duplicate_of_another_ones_row(
    city: City, here: Path, is_retried: bool
) -> None:
    """A.csv: C1 (u1), C2 (u2), C3 (u1: resident_limit); B.csv: C2, C3, C4."""
    voucher = city(with_claims=False)
    row = "C{},r1,3301021990010100{},2020-03-27 08:00:0{}\n"
    c1, c2, c3, c4 = (
        row.format(n, who, n) for n, who in ((1, "01"), (2, "02"), (3, "01"), (4, "04"))
    )
    a = take_in(voucher, "claim", "a.csv", towns.CLAIMS + c1 + c2 + c3, expect=4)
    b = take_in(voucher, "claim", "b.csv", towns.CLAIMS + c2 + c3 + c4, expect=4)
    assert counts(voucher, b) == ("done", 3, 1, 1, 1)
    if is_retried:
        said = voucher("batch", "retry", str(a), expect=None).err
        assert "of other batches" not in said
        assert counts(voucher, b) == ("done", 3, 1, 1, 1)
    voucher("batch", "undo", str(a), "--yes")
    assert counts(voucher, b) == ("done", 3, 2, 0, 1)
    voucher("batch", "retry", str(b))
    assert [row[0] for row in claimed(here)] == ["C2", "C3", "C4"]
    voucher("check")
