"""Clauses that stand side by side are joined as each language joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.cli.language import speak, t
from vouchercli.cli.values import pretty
from vouchercli.result import Column, say
from vouchercli.rules import clauses

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]


@pytest.mark.parametrize(("lang", "joined"), [("en", "a; b"), ("zh", "a；b")])
def test_clauses_in_a_sentence_and_in_a_cell(lang: str, joined: str) -> None:
    both = clauses.in_one_line(["a", "b", "a"])
    speak(lang)
    try:
        message = say("{clauses}", clauses=both)
        assert t(message.text, message.params) == joined
        assert pretty(Column("x", "x"), both, "UTC") == joined
    finally:
        speak("en")
    assert both == "a; b"


LIMITS = {
    "one_of": [["noon", "night"], ["hz", "sh"]],
    "face_per_resident": [
        {"per": "day", "at_most": "50.00"},
        {"per": "month", "at_most": "300.00"},
    ],
    "vouchers_per_resident": [
        {"per": "day", "at_most": 2},
        {"per": "month", "at_most": 9, "except": ["night"]},
    ],
}
SAID = (
    ("no tobacco; no prepaid cards", "no tobacco；no prepaid cards"),
    ("noon, night; hz, sh", "noon, night；hz, sh"),
    ("50.00 (day); 300.00 (month)", "50.00（日）；300.00（月）"),
    ("2 (day); 9 (month), except night", "2（日）；9（月），night 除外"),
)


def test_what_a_programme_limits_is_joined_as_each_language_joins_it(voucher: Voucher) -> None:
    document = towns.programme(limits=LIMITS, not_enforced=["no tobacco", "no prepaid cards"])
    towns.build(voucher, document)
    show = ("programme", "show", document["programme"])
    english, chinese = (voucher(*show, "--lang", lang).out for lang in ("en", "zh"))
    for each in SAID:
        assert each[0] in english and each[1] in chinese
    assert "; " not in chinese


def test_hours_and_scopes_of_a_template_are_joined_as_each_language_joins_them(
    voucher: Voucher,
) -> None:
    hours = {"mon-thu": "17:00-22:00", "sat-sun": "all_day"}
    own = {"districts": ["上城区"], "channel": "online"}
    pack = towns.pack(
        "night", towns.coupon("10.00", "40.00") | {"scope": own}, scope={"hours": hours}
    )
    towns.build(voucher, towns.programme(), pack)
    english, chinese = (
        voucher("template", "show", "night", "--lang", lang).out for lang in ("en", "zh")
    )
    assert "mon-thu: 17:00-22:00; sat-sun: 00:00-24:00" in english
    assert "mon-thu: 17:00-22:00；sat-sun: 00:00-24:00" in chinese
    assert "; " in english and "; " not in chinese
