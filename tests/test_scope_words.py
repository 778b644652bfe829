"""Words of a scope that fit no merchant of the registry are warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

MERCHANTS = "merchant_no,name,district,industry,size\nM1,烟酒店,西湖区,烟草零售,small\nM2,面馆,西湖区,餐饮,small\n"


def town(voucher: Voucher, registry: str = MERCHANTS, **scope: Any) -> Voucher:
    towns.build(voucher, towns.programme(), towns.pack(scope=scope), merchants=registry)
    return voucher


@pytest.mark.parametrize(
    ("scope", "word", "says"),
    [
        ({"exclude": ["烟草"]}, "烟草", "nobody is left out"),
        ({"industries": ["餐饮", "零售"]}, "零售", "nobody is let in"),
        ({"districts": ["拱墅区"]}, "拱墅区", "nobody is let in"),
        ({"sizes": ["micro"]}, "micro", "nobody is let in"),
        ({"merchants": ["M2", "M9"]}, "M9", "nobody is let in"),
    ],
)
def test_a_word_that_fits_nobody_is_named(
    voucher: Voucher, scope: dict[str, Any], word: str, says: str
) -> None:
    ran = town(voucher, **scope)("template", "check", "pack")
    assert f"the registry is {word}: {says}" in ran.err
    assert "word_fits_nobody" in ran.err


def test_what_the_registry_has_is_named_beside_it(voucher: Voucher) -> None:
    err = town(voucher, exclude=["烟草"])("template", "check", "pack").err
    assert "the registry has 烟草零售" in err


def test_the_plan_and_the_submission_of_a_round_warn_of_it(voucher: Voucher) -> None:
    ran = town(voucher, exclude=["tobacco"])
    words = ("--template", "pack", "--packs", "3", "--opens-at", "2020-03-27 08:00")
    ran("round", "create", "r1", *words, "--closes-at", "2020-03-28 08:00", "--actor", "mei")
    assert "word_fits_nobody" in ran("round", "plan", "r1").err
    assert "word_fits_nobody" in ran("round", "submit", "r1", "--actor", "mei").err


@pytest.mark.parametrize(
    ("registry", "scope"),
    [
        (MERCHANTS, {"exclude": ["烟草零售", "M2"], "districts": ["西湖区"]}),
        (MERCHANTS, {}),
        ("", {"exclude": ["tobacco"]}),  # a registry that is not there yet has no words
    ],
)
def test_words_that_fit_are_not_warned_of(
    voucher: Voucher, registry: str, scope: dict[str, Any]
) -> None:
    assert (
        "word_fits_nobody" not in town(voucher, registry, **scope)("template", "check", "pack").err
    )
