"""The current programme: what a command means that names none, in a file of several programmes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

FIGURES = {
    "published": [{"base": "500.00", "subsidy": "100.00", "gross": "5.00", "source": "a paper"}],
    "time_zone": "Asia/Tokyo",
}


def figures_only(code: str) -> dict[str, Any]:
    """A programme in Tokyo with published figures and nothing else."""
    document = towns.programme(code) | FIGURES
    return {key: document[key] for key in document if key != "funders"}


@pytest.fixture
def file(voucher: Voucher) -> Callable[..., Voucher]:
    """A file with these programmes: `old` has only published figures."""

    def build(*codes: str) -> Voucher:
        voucher("init")
        for code in codes:
            document = figures_only(code) if code.startswith("old") else towns.programme(code)
            voucher("programme", "load", towns.write("programme.yaml", document))
        return voucher

    return build


def meant(voucher: Voucher, *args: str) -> str:
    """The programme whose rounds are listed."""
    code: str = voucher("round", "list", *args, "-o", "json").data["programme"]
    return code


def test_one_of_two_is_chosen_by_the_command_that_the_refusal_names(
    file: Callable[..., Voucher],
) -> None:
    voucher = file("city", "county")
    assert voucher("round", "list", expect=3).err.splitlines() == [
        "error: this file holds several programmes: city, county [which_programme]",
        "  next: voucher programme use city, or add --programme city to the command",
    ]
    ran = voucher("programme", "use", "city")
    said = "the current programme is city: it is meant when a command names none\n"
    assert (ran.out, ran.err) == ("", said)
    assert (meant(voucher), meant(voucher, "--programme", "county")) == ("city", "county")
    voucher("programme", "use", "county", "--dry-run")
    assert meant(voucher) == "city"
    voucher("programme", "use", "county")
    assert meant(voucher) == "county"
    assert voucher("programme", "show", "-o", "json").data["programme"] == "county"


def test_the_command_line_comes_before_the_variable_and_that_before_the_choice(
    file: Callable[..., Voucher], monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = file("city", "county", "town")
    voucher("programme", "use", "city")
    monkeypatch.setenv("VOUCHER_PROGRAMME", "county")
    assert (meant(voucher), meant(voucher, "--programme", "town")) == ("county", "town")
    ran = voucher("programme", "use", "town")
    assert ran.err.endswith("--programme or VOUCHER_PROGRAMME names county here, and comes first\n")
    assert meant(voucher) == "county"
    monkeypatch.setenv("VOUCHER_PROGRAMME", "")
    assert meant(voucher) == "town"
    monkeypatch.setenv("VOUCHER_PROGRAMME", "conty")
    assert "did you mean county? [unknown_programme]" in voucher("round", "list", expect=3).err


def test_published_figures_alone_are_never_told_apart(file: Callable[..., Voucher]) -> None:
    voucher = file("old", "city", "old-too")
    assert meant(voucher) == "city"
    towns.write("pack.yaml", towns.pack())
    voucher("template", "add", "pack.yaml")
    towns.draft(voucher, "r1", maker=None)
    assert meant(voucher, "--programme", "old") == "old"
    # times without a programme's own are those of the city, not of the first in the file
    lines = voucher("audit", "log", "-o", "json").data["lines"]
    assert {line["at"][-6:] for line in lines} == {"+08:00"}


def test_of_published_figures_alone_one_is_chosen(file: Callable[..., Voucher]) -> None:
    voucher = file("old", "old-too")
    assert "several programmes: old, old-too" in voucher("programme", "show", expect=3).err
    voucher("programme", "use", "old-too")
    assert voucher("programme", "show", "-o", "json").data["programme"] == "old-too"


def test_the_list_marks_the_one_that_is_meant(
    file: Callable[..., Voucher], monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = file("city", "county")

    def marked() -> list[bool]:
        rows = voucher("programme", "list", "-o", "json").data["programmes"]
        return [row["is_current"] for row in rows]

    assert marked() == [False, False]
    voucher("programme", "use", "county")
    assert marked() == [False, True]
    assert voucher("programme", "list").out.splitlines()[-2].split()[-1] == "yes"
    monkeypatch.setenv("VOUCHER_PROGRAMME", "city")
    assert marked() == [True, False]


def test_the_log_says_who_chose_and_a_choice_that_stands_is_no_line(
    file: Callable[..., Voucher],
) -> None:
    voucher = file("city", "county")
    for code in ("city", "county", "county"):
        ran = voucher("programme", "use", code, "--actor", "chen")
    assert ran.err == "county is the current programme already\n"
    lines = voucher("audit", "log", "--deed", "programme.use", "-o", "json").data["lines"]
    assert [(each["actor"], each["about"], each["before"], each["after"]) for each in lines] == [
        ("chen", "county", {"current": "city"}, {"current": "county"}),
        ("chen", "city", {"current": None}, {"current": "city"}),
    ]


def test_only_what_is_loaded_is_chosen(file: Callable[..., Voucher]) -> None:
    voucher = file("city", "county")
    refused = voucher("programme", "use", "conty", expect=3).err
    assert "did you mean county? [unknown_programme]" in refused
    assert "[which_programme]" in voucher("round", "list", expect=3).err


def test_a_change_of_the_programme_leaves_it_current(file: Callable[..., Voucher]) -> None:
    voucher = file("city", "county")
    voucher("programme", "use", "county")
    changed = towns.programme("county", funds={"treasury": "5.00"})
    voucher("programme", "load", towns.write("programme.yaml", changed))
    assert meant(voucher) == "county"


def test_the_clock_serves_all_programmes_whichever_is_current(
    file: Callable[..., Voucher],
) -> None:
    voucher = file("city", "county")
    voucher("template", "add", towns.write("pack.yaml", towns.pack()))
    for code in ("city", "county"):
        chosen = ("--programme", code)
        towns.make_round(voucher, f"{code}-1", everywhere=chosen, maker="mei", closes="2020-05-01")
    voucher("programme", "use", "county")
    due = voucher("schedule", "show", "-o", "json").data["deeds"]
    assert {each["programme"] for each in due} == {"city", "county"}


def test_an_empty_file_leads_to_what_can_be_loaded(voucher: Voucher) -> None:
    assert voucher("init").err.endswith("next: voucher programme list --shipped\n")
    refused = voucher("round", "list", expect=3).err
    assert refused.endswith("[no_programme]\n  next: voucher programme list --shipped\n")
    shipped = voucher("programme", "list", "--shipped")
    assert "county-example" in shipped.out
    assert shipped.err == "next: voucher programme load NAME, or a file of your own\n"
