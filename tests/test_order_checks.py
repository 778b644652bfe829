"""`redemption check` promises what an import accepts, and refuses in the same words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS

from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

# A Friday lunch voucher: 10 from 40, until the evening of the 10th, in one district, offline.
LUNCH = towns.pack(
    "lunch",
    towns.coupon("10.00", "40.00", 9),
    validity={"until": "2020-04-10 20:00"},
    scope={
        "hours": ["10:00-14:00"],
        "weekdays": ["fri"],
        "districts": ["上城区"],
        "channel": "offline",
    },
)
ANYBODY = towns.pack("anybody", towns.coupon("10.00", "40.00"), scope={"registration": "open"})
SHOPS = "merchant_no,name,district\nM1,面馆,上城区\nM2,书店,下城区\nM3,茶馆,上城区\n"
FRIDAY = "2020-04-03 12:00"
HEADER = towns.PAYMENTS.replace("refund_of", "refund_of,channel")


@pytest.fixture
def town(voucher: Voucher, once: Once) -> Voucher:
    """One claim of a Friday lunch voucher, and one of a voucher for any merchant."""

    def make() -> None:
        towns.build(voucher, towns.programme(), LUNCH, ANYBODY, merchants=SHOPS)
        closes = "2020-04-09"
        towns.make_round(voucher, "r1", template="lunch", closes=closes, state="open")
        towns.make_round(voucher, "any", template="anybody", closes=closes, state="open")
        rows = "C1,r1,res1,2020-03-27 09:00:00\nA1,any,res1,2020-03-27 09:00:00\n"
        file = towns.write("c.csv", CLAIMS + rows)
        voucher("claim", "import", file, "--now", "2020-03-27 10:00")
        voucher("merchant", "suspend", "M3", "--reason", "cash-out", "--from", "2020-04-01")

    once("order checks", make)
    return voucher


def check(town: Voucher, *words: str, amount: str = "50", expect: int = 5) -> tuple[str, str]:
    """The reason of a refusal, and its words."""
    ran = town("redemption", "check", "--amount", amount, *words, "-o", "json", expect=expect)
    (problem,) = ran.json["problems"]
    return problem["code"], problem["message"]


# options of the check; the reason; words of the message
REFUSED = [
    ({"at": "2020-04-03 09:59:59"}, "out_of_scope", "09:59 is not in hours 10:00-14:00"),
    ({"at": "2020-04-03 14:00"}, "out_of_scope", "14:00 is not in hours 10:00-14:00"),
    ({"at": "2020-04-04 12:00"}, "out_of_scope", "Saturday is not in weekdays fri"),
    ({"at": "2020-04-17 12:00"}, "expired", "expired at 2020-04-10 20:00"),
    ({"channel": "online"}, "out_of_scope", "online is not in channel offline"),
    ({"merchant": "M2"}, "out_of_scope", "下城区 is not in districts 上城区"),
    ({"merchant": "M3"}, "merchant_suspended", "M3 was suspended"),
    ({"merchant": "M404"}, "unknown_merchant", "M404 is not in the registry"),
    ({"merchant": "M404", "at": "2020-07-03 03:00"}, "unknown_merchant", "M404"),
    ({"amount": "39.99"}, "below_threshold", "39.99 after merchant discounts"),
]


VOUCHER_OF = {
    "claim": ("--claim", "C1"),
    "round": ("--round", "r1"),
    "template": ("--template", "lunch"),
}


def options(given: dict[str, str], *, is_merchant_needed: bool = False) -> list[str]:
    wanted = {"at": FRIDAY} | ({"merchant": "M1"} if is_merchant_needed else {}) | given
    return [word for name, value in wanted.items() for word in (f"--{name}", value)]


@pytest.mark.parametrize(("given", "reason", "words"), REFUSED)
@pytest.mark.parametrize("voucher_of", towns.sampled(VOUCHER_OF, 3))
def test_a_check_refuses_what_an_import_refuses_in_the_same_words(
    town: Voucher,
    monkeypatch: pytest.MonkeyPatch,
    voucher_of: tuple[str, str],
    given: dict[str, str],
    reason: str,
    words: str,
) -> None:
    terms = {"amount": "50"} | given
    amount = terms.pop("amount")
    asked = options(terms, is_merchant_needed=voucher_of[0] == "--claim")
    code, message = check(town, *voucher_of, *asked, amount=amount)
    assert code == reason and words in message
    paid = {"at": FRIDAY, "merchant": "M1", "channel": ""} | terms
    row = f"T1,pay,C1,1,{paid['merchant']},{paid['at']},{amount},0,10.00,,{paid['channel']}"
    file = towns.write("p.csv", HEADER + row + "\n")
    for size in (by_columns.BYTES, 1):
        monkeypatch.setattr(by_columns, "BYTES", size)
        late = ("--now", "2020-08-01 09:00", "--dry-run", "-o", "json")
        ran = town("redemption", "import", file, *late, expect=4)
        (problem,) = ran.json["problems"]
        assert (problem["code"], problem["message"]) == (code, message)


def test_a_lawful_order_is_accepted_by_template_round_and_claim(town: Voucher) -> None:
    asked = ["--amount", "40", "--merchant", "M1", "--channel", "offline", "--at", FRIDAY]
    for voucher_of in (("--template", "lunch"), ("--round", "r1"), ("--claim", "C1")):
        data = town("redemption", "check", *voucher_of, *asked, "-o", "json").data
        assert (data["reason"], data["subsidy_fen"]) == (None, 1000)


def test_without_a_time_a_voucher_nobody_has_is_asked_its_amounts_and_place(town: Voucher) -> None:
    for voucher_of in (("--template", "lunch"), ("--round", "r1")):
        for now in ("2020-03-20 03:00", "2020-07-03 03:00"):
            asked = (*voucher_of, "--merchant", "M1", "--now", now)
            data = town("redemption", "check", *asked, "--amount", "50", "-o", "json").data
            assert data["subsidy_fen"] == 1000
        assert check(town, *voucher_of, "--merchant", "M2")[0] == "out_of_scope"
    # the voucher of a claim is checked as of now
    asked = ("--claim", "C1", "--merchant", "M1", "--now", "2020-04-04 12:00")
    assert check(town, *asked)[0] == "out_of_scope"


def test_a_round_cannot_be_paid_with_before_it_opens(town: Voucher) -> None:
    code, message = check(town, "--round", "r1", "--at", "2020-03-20 12:00")
    assert (code, "before the round opens at 2020-03-27 08:00" in message) == (
        "not_yet_valid",
        True,
    )


def test_vouchers_of_a_round_expire_with_its_last_claim(town: Voucher) -> None:
    """Seven days after 9 April 24:00, however early the first of them was claimed."""
    asked = ("--round", "any", "--amount", "50")
    assert town("redemption", "check", *asked, "--at", "2020-04-16 23:59:58").code == 0
    assert check(town, "--round", "any", "--at", "2020-04-16 23:59:59")[0] == "expired"


def test_any_merchant_is_taken_where_registration_is_open(town: Voucher, here: Path) -> None:
    """As an import takes it; nothing of it stays in the file."""
    for voucher_of in (("--template", "anybody"), ("--claim", "A1")):
        asked = ("--merchant", "NEW", "--amount", "50", "--at", "2020-03-28 12:00")
        assert town("redemption", "check", *voucher_of, *asked).code == 0
    assert towns.ask(here, "SELECT count(*) FROM merchants WHERE merchant_no = 'NEW'") == [(0,)]


def test_a_merchant_may_be_named_by_its_platforms_number_as_in_a_file(town: Voucher) -> None:
    """Of two that a platform knows by one number an import takes the first."""
    rows = "N1,面馆,下城区,77\nN2,书店,上城区,77\n"
    file = towns.write("more.csv", "merchant_no,name,district,platform_no\n" + rows)
    town("merchant", "import", file)
    for voucher_of in (("--template", "lunch"), ("--claim", "C1")):
        code, message = check(town, *voucher_of, "--merchant", "77", "--at", FRIDAY)
        assert (code, "下城区 is not in districts" in message) == ("out_of_scope", True)


def test_an_unknown_channel_is_refused(town: Voucher) -> None:
    ran = town(
        "redemption", "check", "--template", "lunch", "--amount", "50", "--channel", "app", expect=2
    )
    assert "[unknown_channel]" in ran.err


def test_a_condition_is_said_in_chinese(town: Voucher) -> None:
    asked = ("--template", "lunch", "--amount", "50", "--at", "2020-04-04 12:00", "--lang", "zh")
    ran = town("redemption", "check", *asked, expect=5)
    assert "星期六不在可用星期 星期五 之内" in ran.err


def test_a_reject_keeps_the_condition_that_failed(town: Voucher, here: Path) -> None:
    row = "T1,pay,C1,1,M1,2020-04-04 12:00:00,50,0,10.00,\n"
    file = towns.write("p.csv", towns.PAYMENTS + row)
    town("redemption", "import", file, "--now", "2020-04-05 09:00", expect=4)
    ((detail,),) = towns.ask(here, "SELECT detail FROM rejects")
    kept: dict[str, Any] = json.loads(detail)
    assert (kept["weekday"], kept["weekdays"]) == ("Saturday", "fri")
    (reject,) = town("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert "Saturday is not in weekdays fri" in reject["explanation"]
