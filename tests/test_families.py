"""A family of rounds: its faces, its platforms, how packs are shared out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import families
from vouchercli.rules import rounds as rounds_law

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
    with pytest.raises(ValueError, match=""):
        families.read_faces(text)


@pytest.mark.parametrize(
    "text", ["", "alipay", "alipay:100", "a:60%,b:50%", "a:50%,A:50%", ":100%", "a:0%,b:100%"]
)
def test_shares_that_are_not_the_whole_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=""):
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


def test_platforms_alone_share_the_packs_of_the_round() -> None:
    made = families.members("w1", (), families.read_platforms(WUHAN), 10)
    assert [(member.code, member.packs) for member in made] == [
        ("w1-alipay", 4),
        ("w1-wechat", 3),
        ("w1-unionpay", 3),
    ]
