"""Programmes, templates and profiles given back as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.formats.configs import locate, yamls
from vouchercli.formats.written import yaml_texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

CONFIGS = [
    (kind, name)
    for kind in ("programmes", "templates", "platforms", "orders")
    for name in locate.names(kind)
]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))).filter(
    lambda text: all(char.isprintable() or char in " \n" for char in text)
)
SCALARS = st.one_of(
    TEXTS,
    st.integers(-10_000, 10_000),
    st.booleans(),
    st.none(),
    st.sampled_from(["010", "NO", "10:00", "2020-03-27", "10.00", "null", "~", "0x1", "1_0", "="]),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda part: st.lists(part) | st.dictionaries(TEXTS.filter(str.strip), part),
    max_leaves=12,
)


@pytest.mark.parametrize(("kind", "name"), CONFIGS)
def test_a_shipped_document_written_again_is_the_same_document(kind: Any, name: str) -> None:
    document = yamls.read(locate.find(kind, name)).value
    assert yamls.parse(yaml_texts.of_document(document), "again").value == document


@given(st.dictionaries(TEXTS.filter(str.strip), DOCUMENTS, min_size=1))
def test_any_document_written_is_read_back_the_same(document: dict[str, Any]) -> None:
    assert yamls.parse(yaml_texts.of_document(document), "again").value == document


def test_a_shipped_template_is_given_with_its_comments(voucher: Callable[..., Ran]) -> None:
    shipped = locate.find("templates", "universal-5x10").read_text(encoding="utf-8")
    assert voucher("template", "export", "universal-5x10").out == shipped
    assert shipped.startswith("# ")


def test_a_template_of_the_database_is_what_was_added(
    voucher: Callable[..., Ran], here: Path
) -> None:
    voucher("init")
    towns.write("mine.yaml", towns.pack("mine", towns.coupon("10.00", "40.00", 3)))
    voucher("template", "add", "mine.yaml")
    towns.write("mine.yaml", towns.pack("mine", towns.coupon("20.00", "80.00", 2)))
    voucher("template", "add", "mine.yaml")
    ran = voucher("template", "export", "mine@1", "--to", "first.yaml")
    assert ran.out == ""
    assert ran.err == "mine is written to first.yaml\n"
    assert 'denomination: "10.00"' in (here / "first.yaml").read_text().replace("'", '"')
    # what was exported is what was added: the same content is no new version
    (here / "latest.yaml").write_text(voucher("template", "export", "mine").out)
    assert "version 2 has the same content" in voucher("template", "add", "latest.yaml").err


def test_an_added_shipped_template_keeps_its_comments(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    voucher("template", "add", "universal-5x10")
    text = voucher("template", "export", "universal-5x10@1", "-o", "json").data["yaml"]
    assert text == locate.find("templates", "universal-5x10").read_text(encoding="utf-8")


def test_a_template_that_differs_from_the_shipped_one_is_the_database_s(
    voucher: Callable[..., Ran],
) -> None:
    voucher("init")
    towns.write("mine.yaml", towns.pack("universal-5x10", towns.coupon("10.00", "40.00", 3)))
    voucher("template", "add", "mine.yaml")
    text = voucher("template", "export", "universal-5x10").out
    assert "#" not in text
    assert "count: 3" in text


def test_a_programme_comes_back_as_it_is_in_force(voucher: Callable[..., Ran], here: Path) -> None:
    towns.build(voucher, towns.programme(), towns.pack("pack", towns.coupon("10.00", "40.00", 3)))
    (here / "again.yaml").write_text(voucher("programme", "export", "town").out)
    assert (
        "already loaded and the file has no change"
        in voucher("programme", "load", "again.yaml").err
    )


def test_a_shipped_programme_needs_no_database(voucher: Callable[..., Ran]) -> None:
    shipped = locate.find("programmes", "county-example").read_text(encoding="utf-8")
    assert voucher("programme", "export", "county-example").out == shipped


def test_nothing_is_written_over(voucher: Callable[..., Ran], here: Path) -> None:
    (here / "mine.yaml").write_text("mine")
    ran = voucher("profile", "export", "voucher", "--to", "mine.yaml", expect=3)
    assert "[file_exists]" in ran.err
    assert (here / "mine.yaml").read_text() == "mine"


@pytest.mark.parametrize("noun", ["template", "programme", "profile"])
def test_what_is_not_there_is_refused(voucher: Callable[..., Ran], noun: str) -> None:
    assert "[unknown_config]" in voucher(noun, "export", "nosuch", expect=3).err
