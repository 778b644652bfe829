"""Clauses that stand side by side are joined as each language joins them."""

from __future__ import annotations

import pytest

from vouchercli.cli.language import speak, t
from vouchercli.cli.values import pretty
from vouchercli.result import Column, say
from vouchercli.rules import clauses


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
