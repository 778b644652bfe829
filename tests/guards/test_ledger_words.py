"""Whatever moves money in the ledger has a word for people, and no word is left over."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from source import called, calls, modules, none_of, sample

from vouchercli.ops.money.ledgers import WHY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from source import Module

MOVES = (
    *("post", "commit", "give_back", "release", "booking"),
    *("post_paid", "post_held", "settle"),
)
CODE = re.compile(r"[a-z]+\.[a-z_-]+")
OF_FILES = {
    f"{kind}.{deed}" for kind in ("claims", "redemptions") for deed in ("import", "retry", "undo")
}
OF_MIGRATIONS = {"upgrade"}  # store/earlier_facts.py


def moving(every: Iterable[Module]) -> set[str]:
    """The codes that calls which move money carry as they stand."""
    return {
        each.value
        for module in every
        for call in calls(module.tree)
        if called(call).rpartition(".")[2] in MOVES
        for each in call.args
        if isinstance(each, ast.Constant) and CODE.fullmatch(str(each.value))
    }


def test_whatever_moves_money_has_a_word_for_people() -> None:
    assert none_of(sorted((moving(modules()) | OF_FILES | OF_MIGRATIONS) ^ {*WHY}))


def test_a_deed_without_a_word_is_found() -> None:
    assert moving([sample('ledger.post(db, 1, None, "a", "b", 5, "day.sign", at)')]) == {"day.sign"}
    assert moving([sample('audit.note(session, "day.sign")')]) == set()
