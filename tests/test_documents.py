"""Reading a document of nested mappings: what each reader gives, and the fault it notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.documents import Node, written
from vouchercli.rules import values

if TYPE_CHECKING:
    from collections.abc import Callable


def read(value: Any, reader: Callable[[Node], Any], kind: type[Node] = Node) -> tuple[Any, ...]:
    """What the reader gives for the value, then the codes of the faults that it notes."""
    node = kind(value)
    answer = reader(node)
    return (answer, *(fault.code for fault in node.faults))


@pytest.mark.parametrize(
    ("value", "default", "answer"),
    [
        (True, False, (True,)),
        (False, True, (False,)),
        (None, False, (False,)),
        (None, True, (True,)),
        ("yes", False, (False, "wrong_type")),
        (1, True, (True, "wrong_type")),
    ],
)
def test_true_or_false_is_read_and_nothing_else(
    value: Any, default: bool, answer: tuple[Any, ...]
) -> None:
    assert read(value, lambda node: node.yes(default)) == answer


def test_what_is_not_written_is_not_true() -> None:
    assert read(None, lambda node: node.yes()) == (False,)


@pytest.mark.parametrize(
    ("value", "least", "answer"),
    [
        (1, 1, (1,)),
        (0, 1, (7, "bad_number")),
        (0, 0, (0,)),
        (-1, 0, (7, "bad_number")),
        (3, 3, (3,)),
        (2, 3, (7, "bad_number")),
        (None, 1, (7,)),
        (True, 1, (7, "bad_number")),
        ("3", 1, (7, "bad_number")),
        (3.0, 1, (7, "bad_number")),
    ],
)
def test_a_whole_number_is_at_least_what_is_asked(
    value: Any, least: int, answer: tuple[Any, ...]
) -> None:
    assert read(value, lambda node: node.whole(7, least)) == answer


def test_a_whole_number_is_at_least_one_and_else_none() -> None:
    assert read(0, lambda node: node.whole()) == (0, "bad_number")
    assert read(1, lambda node: node.whole()) == (1,)
    assert read(None, lambda node: node.whole()) == (0,)


@pytest.mark.parametrize(
    ("value", "least", "answer"),
    [
        ([], 0, ([],)),
        ([], 1, ([], "too_few")),
        (["a"], 1, (["a"],)),
        (["a"], 2, (["a"], "too_few")),
        (None, 1, ([],)),
        ("a", 0, ([], "wrong_type")),
        ({"a": 1}, 0, ([], "wrong_type")),
        (["a", None], 0, (["a", ""], "wrong_type")),
        (["a", " "], 0, (["a", ""], "wrong_type")),
    ],
)
def test_a_list_has_as_many_entries_as_are_asked(
    value: Any, least: int, answer: tuple[Any, ...]
) -> None:
    assert read(value, lambda node: list(node.texts(least))) == answer


@pytest.mark.parametrize(
    ("value", "least", "answer"),
    [
        ({}, 0, ([],)),
        ({}, 1, ([], "too_few")),
        ({"a": "1"}, 1, (["a"],)),
        ({"b": "1", "a": "2"}, 2, (["b", "a"],)),
        ({"a": "1"}, 2, (["a"], "too_few")),
        (None, 1, ([],)),
        (["a"], 0, ([], "wrong_type")),
    ],
)
def test_a_mapping_keeps_the_order_of_the_writer(
    value: Any, least: int, answer: tuple[Any, ...]
) -> None:
    assert read(value, lambda node: [key for key, _ in node.entries(least)]) == answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (" a b ", ("a b",)),
        (12, ("12",)),
        ("", ("-", "wrong_type")),
        ("  ", ("-", "wrong_type")),
        (None, ("-",)),
        (True, ("-", "wrong_type")),
        (1.5, ("-", "wrong_type")),
        (["a"], ("-", "wrong_type")),
    ],
)
def test_a_text_is_not_blank(value: Any, answer: tuple[Any, ...]) -> None:
    assert read(value, lambda node: node.text("-")) == answer


def test_a_verbatim_text_may_be_blank() -> None:
    assert read("  ", lambda node: node.verbatim("-")) == ("  ",)
    assert read(None, lambda node: node.verbatim(None)) == (None,)


@pytest.mark.parametrize("value", ["a b", "a@1", "a/b", "a,b", "a;b", "a:b", "a'b", 'a"b', "a\\b"])
def test_a_short_name_has_no_blanks_and_no_marks(value: str) -> None:
    assert read(value, lambda node: node.code()) == (value, "bad_code")
    assert read("hz-1.券", lambda node: node.code()) == ("hz-1.券",)


def test_codes_are_given_once() -> None:
    assert read(["a", "b", "a"], lambda node: node.codes()) == (("a", "b", "a"), "named_twice")
    assert read(["a", "b"], lambda node: node.codes()) == (("a", "b"),)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("b", ("b",)),
        ("c", ("-", "not_a_choice")),
        (None, ("-",)),
        (["a"], ("-", "not_a_choice")),
        (True, ("-", "not_a_choice")),
    ],
)
def test_a_choice_is_one_of_the_words(value: Any, answer: tuple[Any, ...]) -> None:
    assert read(value, lambda node: node.choice(("a", "b"), "-")) == answer


@pytest.mark.parametrize(
    ("value", "answer"), [("ab-1", ("ab-1",)), ("ab-1x", ("", "wrong_form")), (None, ("",))]
)
def test_a_form_holds_from_beginning_to_end(value: Any, answer: tuple[Any, ...]) -> None:
    assert read(value, lambda node: node.form(r"[a-z]+-\d", "ab-1")) == answer


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        ({"a": 1}, []),
        ({}, ["missing_key"]),
        (None, ["missing_key"]),  # a document without a word
        ({"b": 1}, ["missing_key"]),
        ({"A": 1}, ["unknown_key"]),  # probably meant: not called missing too
        ({"zzz": 1}, ["unknown_key", "missing_key"]),
        ({"a": None}, ["wrong_type"]),
        (["a"], ["wrong_type"]),
    ],
)
def test_keys_that_are_needed_are_asked_for(document: Any, codes: list[str]) -> None:
    node = Node(document)
    node.fields(("a", "b"), required=("a",))
    assert [fault.code for fault in node.faults] == codes


def test_a_part_that_is_not_written_asks_for_nothing() -> None:
    node = Node({})
    node.fields(("a",))["a"].fields(("b",), required=("b",))
    assert node.faults == []


def test_a_key_without_a_value_is_missing_in_a_programme() -> None:
    node = values.Node({"a": None})
    node.fields(("a", "b"), required=("a",))
    assert [fault.code for fault in node.faults] == ["missing_key"]
    assert read([None], lambda node: node.texts(), values.Node) == (("",),)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 57 + "..."),
        (True, "true"),
        (3, "3"),
        ([1], "a list"),
        ({"a": 1}, "a mapping"),
    ],
)
def test_a_value_is_written_short_enough_for_a_message(value: Any, text: str) -> None:
    assert str(written(value)) == text


# ---------------------------------------------------------------- what the law reads besides


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("1,234.50", (123_450,)),
        (3, (300,)),
        ("0", (0,)),
        ("0.00", (0,)),
        ("-0.01", (7, "bad_amount")),
        ("1.234", (7, "bad_amount")),
        (True, (7, "bad_amount")),
        (None, (7,)),
    ],
)
def test_an_amount_is_not_negative(value: Any, answer: tuple[Any, ...]) -> None:
    def yuan(node: Any) -> Any:
        return node.yuan(7)

    assert read(value, yuan, values.Node) == answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("100%", (10_000,)),
        ("12.5", (1_250,)),
        ("12.05 %", (1_205,)),
        (10, (1_000,)),
        ("0.01%", (1,)),
        ("0", (0, "bad_percent")),
        ("0.00%", (0, "bad_percent")),
        ("-1", (0, "bad_percent")),
        ("10.125", (0, "bad_percent")),
        (None, (0,)),
    ],
)
def test_a_percentage_is_more_than_nothing(value: Any, answer: tuple[Any, ...]) -> None:
    def percent(node: Any) -> Any:
        return node.percent()

    assert read(value, percent, values.Node) == answer


@pytest.mark.parametrize(
    ("value", "default", "name"),
    [
        ({"zh": "券", "en": "Pack"}, "", ("券", "Pack")),
        ({"zh": "券"}, "x", ("券", "券")),
        ({"en": "Pack"}, "x", ("Pack", "Pack")),
        (None, "x", ("x", "x")),
        (None, "", ("", "")),
    ],
)
def test_one_language_stands_in_for_the_other(
    value: Any, default: str, name: tuple[str, str]
) -> None:
    assert values.Node(value).name(default) == values.Name(*name)
