"""What looks like a person's identity: found in every dress, and nothing else with it."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli import identities
from vouchercli.identities import find, hide, mask, mask_numbers, whole

# By hand: 330106 19900101 123 -> 21+27+0+5+0+24+2+9+54+0+0+9+0+5+8+8+6 = 178, 178 mod 11 = 2, X.
FOUND = [
    ("13812345679", "#"),
    ("bad time 13812345673", "bad time #"),
    ("张三330106199001011235.csv", "张三#.csv"),
    ("33010619900101123X", "#"),
    ("33010619900101123x", "#"),
    ("33010619900101123Ｘ", "#"),
    ("330106 19900101 123X", "#"),
    ("330106-19900101-123 X", "#"),
    ("330106900101123", "#"),
    ("138 1234 5679", "#"),
    ("138-1234-5679", "#"),
    ("138—1234—5679", "#"),
    ("138.1234.5679", "#"),
    ("138\t1234\t5679", "#"),
    ("1.3812345679E+10", "#"),
    ("x 1.381234567e10", "x #"),
    ("1381234 5679", "#"),
    ("1 3 8 1 2 3 4 5 6 7 9", "#"),
    ("13812345679.00", "#"),
    ("+8613812345679", "#"),
    ("+86 138 1234 5679", "#"),
    ("(+86)13812345679", "#"),
    ("（＋86）138-1234-5679", "#"),
    ("008613812345679", "#"),
    ("8613812345679", "#"),
    ("１３８１２３４５６７９", "#"),
    ("１３８　１２３４　５６７９", "#"),
    ("138\u200b1234\u200b5679", "#"),
    ("\u0661\u0663\u0668\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0669", "#"),
    ("电话13812345679李", "电话#李"),
    ("T13812345679T", "T#T"),
    ("13812345679/13912345678", "#/#"),
    ("2020 13812345679 2021", "2020 # 2021"),
    ("33010619900101123X13812345679", "##"),
    ("6222021234567890128", "#"),  # Luhn: 5+1+2+6+... by the sum of test_luhn
    ("4111 1111 1111 1111", "#"),
    ("378282246310005", "#"),
    ("zhang.san+1@mail.example.com", "#"),
    ("邮箱a@b.cn，谢谢", "邮箱#，谢谢"),
    ("a＠b．cn", "#"),
]
NOBODYS = [
    "4200000517202003271234567890",  # 28 digits hold many of eleven
    "2020-03-27 08:00:00",
    "20200327080000",
    "17.3.2020 18.30",
    "138123456790",  # twelve
    "1381234567",  # ten
    "12812345679",  # no mobile begins so
    "330106199013011236",  # month 13
    "330106199002301236",  # 30 February
    "330106199002291236",  # no leap year
    "330106188001011236",  # before 1900
    "033010199001011236",
    "330106901301123",
    "4111111111111112",  # Luhn
    "7111111111111115",  # no bank's beginning
    "91330106MA2KJ3DF7X",
    "token:13812345679aaaaaaaaaaaaaaaaaaaaa",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a13812345679aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "universal-5x10@2",
    "0571-88888888",
    "145000000.00",
    "1450000000.0",
    "1,381,234,567.90",
    "",
]


@pytest.mark.parametrize(("text", "masked"), FOUND)
def test_an_identity_is_found_in_every_dress(text: str, masked: str) -> None:
    assert mask(text, lambda _: "#") == masked


@pytest.mark.parametrize("text", NOBODYS)
def test_what_only_resembles_one_stays(text: str) -> None:
    assert mask(text, lambda _: "#") == text


def test_the_check_character_says_what_is_sure() -> None:
    assert [each.is_sure for each in find("33010619900101123X, 330106199001011234")] == [
        True,
        False,
    ]
    assert mask_numbers("33010619900101123X 13812345679", lambda _: "#") == "# 13812345679"
    assert mask_numbers("330106199001011234", lambda _: "#") == "330106199001011234"


def test_luhn() -> None:
    # ISO/IEC 7812-1, annex: 7992739871 and the check digit 3
    assert identities.is_luhn("79927398713") and not identities.is_luhn("79927398710")


def test_a_text_that_is_one_and_nothing_else() -> None:
    assert whole(" 13812345679 ") and not whole("a 13812345679") and not whole("C1")
    assert identities.is_somebody("token:" + "0" * 32) and not identities.is_somebody("t-30-5")


def test_a_message_keeps_the_numbers_of_keys_and_loses_the_others() -> None:
    said = identities.hide_values(
        {"claim_no": "13812345679", "round": "13812345679", "batch": 13812345679}
    )
    assert said == {"claim_no": "13812345679", "round": "***", "batch": 13812345679}
    assert identities.hide_values({"claim_no": "33010619900101123X"}) == {"claim_no": "***"}


MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
DATES = st.dates(date(1900, 1, 1), date(2099, 12, 31))
NUMBERS = st.builds(
    lambda area, day, serial: (
        (first := f"{area}{day:%Y%m%d}{serial:03d}") + identities.check_character(first)
    ),
    st.integers(110000, 829999),
    DATES,
    st.integers(0, 999),
)
AROUND = st.text(
    st.characters(blacklist_categories=["Nd", "Cs"], blacklist_characters="Xx@.+-_%"), max_size=20
)
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
DRESSED = st.sampled_from(
    [
        lambda text: text,
        lambda text: text.translate(WIDE),
        lambda text: " ".join((text[:-8], text[-8:-4], text[-4:])),
        lambda text: "-".join((text[:-8], text[-8:-4], text[-4:])),
        " ".join,
    ]
)


@given(AROUND, st.one_of(MOBILES, NUMBERS), DRESSED, AROUND)
def test_no_identity_stays_whatever_stands_around_it(before, number, dress, after) -> None:  # type: ignore[no-untyped-def]
    masked = hide(before + dress(number) + after)
    digits = re.sub(r"\D", "", masked.translate(identities.EVEN))
    assert number[:11] not in digits and identities.HIDDEN in masked
    assert hide(masked) == masked


@given(st.text("0123456789138 -.@aX+\u200b５token:", max_size=60))
def test_masking_again_changes_nothing_and_nothing_else_is_touched(text: str) -> None:
    token = "token:" + "0123456789abcdef" * 2
    masked = mask(text, lambda _: token)
    assert mask(masked, lambda _: "#") == masked
    found = find(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    edges = [0, *(edge for one in found for edge in (one.start, one.end)), len(text)]
    pieces = [text[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    assert masked == token.join(pieces)


@given(st.from_regex(r"[0-9]{20,40}", fullmatch=True))
def test_a_longer_number_holds_nobody(number: str) -> None:
    assert find(number) == []
