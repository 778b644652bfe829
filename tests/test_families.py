"""A family of rounds: its faces, its platforms, how packs are shared out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.ops.intake import by_columns
from vouchercli.rules import families
from vouchercli.rules import rounds as rounds_law

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

SHANGHAI = "90-300:480000,180-500:240000,400-1000:144000"
WUHAN = "alipay:40%,wechat:30%,unionpay:30%"


def test_a_face_is_yuan_off_a_price_and_its_packs() -> None:
    first, second, third = families.read_faces(SHANGHAI)
    assert first == families.Face(90_00, 300_00, 480_000)
    assert second.packs == 240_000
    assert third.code == "400-1000"


def test_a_face_of_jiao_keeps_its_point() -> None:
    assert families.read_faces("0.50-20.01:7")[0].code == "0.5-20.01"


@pytest.mark.parametrize(
    "text", ["", "90:5", "90-300", "90-300:0", "300-90:5", "90-300:5,90.00-300:6", "90-300:5,"]
)
def test_what_is_no_face_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        families.read_faces(text)


@pytest.mark.parametrize(
    "text", ["", "alipay", "alipay:100", "a:60%,b:50%", "a:50%,A:50%", ":100%", "a:0%,b:100%"]
)
def test_shares_that_are_not_the_whole_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        families.read_platforms(text)


def test_the_packs_of_wuhan_are_shared_to_the_pack() -> None:
    shares = tuple(share for _, share in families.read_platforms(WUHAN))
    assert families.share_out(1_000_001, shares) == (400_001, 300_000, 300_000)
    assert families.share_out(3, (5000, 5000)) == (2, 1)


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(1, 999), min_size=1, max_size=9).map(
        lambda parts: (*parts, families.WHOLE - sum(parts))
    ),
)
def test_no_pack_is_lost_and_no_share_is_off_by_a_pack(packs: int, shares: tuple[int, ...]) -> None:
    parts = families.share_out(packs, shares)
    assert sum(parts) == packs
    assert all(
        abs(part * families.WHOLE - packs * share) < families.WHOLE
        for part, share in zip(parts, shares, strict=True)
    )


def test_faces_and_platforms_together_make_the_product() -> None:
    made = families.members(
        "s1", families.read_faces(SHANGHAI), families.read_platforms(WUHAN), None
    )
    assert len(made) == 9
    assert made[0] == families.Member(
        "s1-90-300-alipay", families.Face(90_00, 300_00, 480_000), "alipay", 192_000
    )
    assert sum(member.packs for member in made) == 864_000
    assert all(rounds_law.is_code(member.code) for member in made)


def test_a_platform_with_a_chinese_name_has_its_number_in_the_code() -> None:
    made = families.members("w1", (), families.read_platforms("支付宝:60%,wechat:40%"), 10)
    assert [(member.code, member.platform) for member in made] == [
        ("w1-p1", "支付宝"),
        ("w1-wechat", "wechat"),
    ]


def test_platforms_alone_share_the_packs_of_the_round() -> None:
    made = families.members("w1", (), families.read_platforms(WUHAN), 10)
    assert [(member.code, member.packs) for member in made] == [
        ("w1-alipay", 4),
        ("w1-wechat", 3),
        ("w1-unionpay", 3),
    ]


# ---------------------------------------------------------------- the commands

TERMS = ("--template", "pack", "--opens-at", towns.OPENS)


@pytest.fixture
def office(voucher: Callable[..., Ran]) -> Callable[..., Ran]:
    """A programme with one template and money for it."""
    towns.build(
        voucher,
        towns.programme(),
        towns.pack("pack", towns.coupon("20", "80")),
        merchants="merchant_no,name\nM1,one\n",
    )
    return voucher


def test_a_family_is_drafted_listed_and_shown_together(office: Callable[..., Ran]) -> None:
    faces = ("--faces", "20-80:3,30-120:2")
    made = office("round", "create", "f", *TERMS, *faces, "--platform", "alipay:50%,wechat:50%")
    assert "family f: 4 rounds, 0 of 5 packs claimed" in made.err
    assert towns.ask(
        ".", "SELECT round, family, platform, packs FROM rounds ORDER BY round_id"
    ) == [
        ("f-20-80-alipay", "f", "alipay", 2),
        ("f-20-80-wechat", "f", "wechat", 1),
        ("f-30-120-alipay", "f", "alipay", 1),
        ("f-30-120-wechat", "f", "wechat", 1),
    ]
    assert "f-30-120-wechat" in office("round", "show", "f").out
    assert office("round", "show", "f-20-80-alipay", "-o", "json").data["family"] == "f"
    listed = office("round", "list", "-o", "json").data["rounds"]
    assert [row["family"] for row in listed] == ["f"] * 4
    assert office("template", "show", "pack-20-80", "-o", "json").data["version"] == 1
    office("check")


def test_a_family_is_planned_with_the_money_of_all(office: Callable[..., Ran]) -> None:
    office("round", "create", "f", *TERMS, *FACES)
    planned = office("round", "plan", "f", "-o", "json")
    (row,) = planned.data["liability"]
    assert row["liability_fen"] == 3 * 2_000 + 2 * 3_000
    assert row["left_after_fen"] == row["left_fen"] - row["liability_fen"]
    assert [each["round"] for each in planned.data["plans"]] == ["f-20-80", "f-30-120"]
    office("round", "submit", "f")
    office("round", "approve", "f", "--actor", "lin")
    again = office("round", "plan", "f", "-o", "json").data["liability"]
    assert again == [row]  # what the family holds already counts as left
    assert "Plan of the family f" in office("round", "plan", "f").out
    assert "系列期次 f 的预案" in office("round", "plan", "f", "--lang", "zh").out


def test_a_family_that_its_fund_cannot_pay_together_is_warned_of(
    office: Callable[..., Ran],
) -> None:
    fund = office("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"]
    packs = fund // 2_000 * 2 // 3  # each round fits alone, not both
    office("round", "create", "f", *TERMS, "--faces", f"20-80:{packs},20-100:{packs}")
    planned = office("round", "plan", "f", "-o", "json")
    assert [each["code"] for each in planned.json["problems"]].count("fund_short") == 1
    for each in ("f-20-80", "f-20-100"):
        assert "fund_short" not in office("round", "plan", each).err


def test_one_member_that_cannot_be_drafted_leaves_nothing(office: Callable[..., Ran]) -> None:
    office("round", "create", "f-30-120", *TERMS, "--packs", "1")
    refused = office("round", "create", "f", *TERMS, "--faces", "20-80:3,30-120:2", expect=3)
    assert "round_exists" in refused.err
    assert towns.ask(".", "SELECT round FROM rounds") == [("f-30-120",)]
    assert towns.ask(".", "SELECT count(*) FROM templates") == [(1,)]


def test_a_code_names_a_round_or_a_family(office: Callable[..., Ran]) -> None:
    office("round", "create", "f", *TERMS, "--faces", "20-80:3")
    assert "round_exists" in office("round", "create", "F", *TERMS, "--packs", "1", expect=3).err


FACES = ("--faces", "20-80:3,30-120:2")
PLATFORMS = ("--platform", "alipay:50%,wechat:50%")


def opened(office: Callable[..., Ran], *options: str) -> Callable[..., Ran]:
    """The family f, drafted, submitted, approved and opened by its own name."""
    office("round", "create", "f", *TERMS, *options)
    office("round", "submit", "f")
    office("round", "approve", "f", "--actor", "lin")
    office("round", "open", "f", "--now", towns.OPENS)
    return office


def states() -> list[tuple[str, str]]:
    return towns.ask(".", "SELECT round, state FROM rounds ORDER BY round_id")


def test_a_family_is_submitted_approved_opened_paused_and_closed_together(
    office: Callable[..., Ran],
) -> None:
    opened(office, *FACES)
    assert states() == [("f-20-80", "open"), ("f-30-120", "open")]
    office("round", "pause", "f", "--note", "storm", "--now", "2020-03-27 12:00")
    assert {state for _, state in states()} == {"paused"}
    office("round", "resume", "f", "--note", "over", "--now", "2020-03-27 13:00")
    office("round", "approve", "f", "--actor", "lin", "--now", "2020-03-27 14:00")
    assert {state for _, state in states()} == {"open"}
    office("round", "close", "f", "--now", "2020-05-30 13:00")
    assert {state for _, state in states()} == {"closed"}
    office("check")
    office("audit", "verify")


def test_what_one_round_refuses_is_done_to_none(office: Callable[..., Ran]) -> None:
    office("round", "create", "f", *TERMS, *FACES)
    office("round", "submit", "f-30-120")
    refused = office("round", "submit", "f", expect=3)
    assert "round f-30-120 is already submitted" in refused.err
    assert states() == [("f-20-80", "draft"), ("f-30-120", "submitted")]
    tried = office("round", "cancel", "f", "--note", "no", "--dry-run")
    assert "f-20-80" in tried.err
    assert states() == [("f-20-80", "draft"), ("f-30-120", "submitted")]


def test_what_is_done_to_one_round_names_the_rounds_of_the_family(
    office: Callable[..., Ran],
) -> None:
    office("round", "create", "f", *TERMS, *FACES)
    refused = office("round", "edit", "f", "--packs", "9", expect=3).err
    assert "f is a family of rounds" in refused
    assert "f-20-80, f-30-120 [family_of_rounds]" in refused


CLAIMS = "claim_no,round,resident,claimed_at,face\n"


@pytest.mark.parametrize("by", ["rows", "columns"])
def test_a_claim_names_its_face_and_a_person_has_one(
    office: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 0 if by == "columns" else 1 << 30)
    opened(office, "--faces", "20-80:30,30-120:20", *PLATFORMS)
    rows = (
        "1,f,ann,2020-03-28 10:00,20-80",
        "2,F,bob,2020-03-28 10:00,30",
        "3,f,cat,2020-03-28 10:00,20.00-80.00",
        "4,f,dan,2020-03-28 10:00,40-160",
        "5,f,eve,2020-03-28 10:00,",
        "6,f-30-120-alipay,ann,2020-03-28 11:00,",
        "7,f-20-80-alipay,fay,2020-03-28 11:00,30-120",
    )
    path = towns.write("c.csv", CLAIMS + "\n".join(rows) + "\n")
    words = ("claim", "import", path, "--platform", "alipay", "--now", "2020-03-29 09:00")
    data = office(*words, "-o", "json", expect=4).data
    found = towns.ask(
        ".", "SELECT claim_no, round FROM claims JOIN rounds USING (round_id) ORDER BY 1"
    )
    assert found == [("1", "f-20-80-alipay"), ("2", "f-30-120-alipay"), ("3", "f-20-80-alipay")]
    assert data["reasons"] == {"resident_limit": 1, "unknown_face": 3}
    said = office("batch", "rejects", str(data["batch"]), "-o", "csv").out
    assert "no round of f has the face 40-160; its faces: 20-80-alipay, 20-80-wechat" in said
    assert "f is a family of rounds: the claim must say which" in said
    office("check")


def test_of_each_round_a_person_may_have_a_pack_where_it_is_said(
    office: Callable[..., Ran],
) -> None:
    opened(office, *FACES, "--each", "--platform", "alipay")
    rows = "1,f,ann,2020-03-28 10:00,20-80\n2,f,ann,2020-03-28 10:00,30-120\n"
    path = towns.write("c.csv", CLAIMS + rows)
    office("claim", "import", path, "--now", "2020-03-29 09:00")
    assert towns.ask(".", "SELECT count(*) FROM claims") == [(2,)]


def test_a_family_is_reported_together(office: Callable[..., Ran]) -> None:
    opened(office, *FACES, "--platform", "alipay")
    rows = "1,f,ann,2020-03-28 10:00,20-80\n2,f,bob,2020-03-28 10:00,30-120\n"
    office("claim", "import", towns.write("c.csv", CLAIMS + rows), "--now", "2020-03-29 09:00")
    paid = towns.PAYMENTS + "T1,pay,1,1,M1,2020-03-28 12:00,100,0,20,\n"
    paid += "T2,pay,2,1,M1,2020-03-28 12:00,150,0,30,\n"
    office("redemption", "import", towns.write("p.csv", paid), "--now", "2020-03-29 10:00")
    (row,) = office("report", "leverage", "--by", "family", "-o", "json").data["rows"]
    assert (row["key"], row["redemptions"], row["subsidy_fen"]) == ("f", 2, 50_00)
    both = office("report", "leverage", "--round", "f", "-o", "json").data["rows"]
    assert [each["key"] for each in both] == ["f-20-80", "f-30-120"]
    assert len(office("claim", "list", "--round", "f", "-o", "json").data["claims"]) == 2
    assert len(office("redemption", "list", "--round", "f", "-o", "json").data["redemptions"]) == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--faces", "20-80:3", "--packs", "3"), "packs_and_faces"),
        (("--faces", "20-80"), "bad_family"),
        (("--platform", "alipay:60%,wechat:60%", "--packs", "3"), "bad_family"),
        (("--platform", "alipay:40%,wechat:60%"), "no_packs_to_share"),
        (("--packs", "3", "--each"), "each_of_a_family"),
        (("--platform", "alipay:50%,wechat:50%", "--packs", "1"), "too_few_packs"),
    ],
)
def test_options_that_make_no_family_are_refused(
    office: Callable[..., Ran], options: tuple[str, ...], code: str
) -> None:
    assert code in office("round", "create", "f", *TERMS, *options, expect=2).err
