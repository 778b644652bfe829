"""Every code that a user can meet stands in docs/errors.md, and nothing else does."""

from __future__ import annotations

import re

from source import ROOT, Module, called, calls, modules, none_of, sample
from templates import ERRORS, argument, carrier, constants_of, literals

ROW = re.compile(r"^\| `([a-z][a-z0-9_]*)` \|", re.MULTILINE)
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def raised(module: Module) -> tuple[set[str], list[str]]:
    """The codes of one module, and the complaints about codes and texts that are not literal."""
    constants = constants_of(module)
    codes: set[str] = set()
    wrong = []
    for call in calls(module.tree):
        found = carrier(call)
        if not found or found.code is None or not call.args:
            continue
        where, is_error = f"{module.name}:{call.lineno}", called(call) in ERRORS
        named = literals(argument(call, found.code, "code"), constants)
        if is_error and named is None:
            wrong.append(f"{where}: the code is not a literal")
        if is_error and literals(argument(call, found.text), constants) is None:
            wrong.append(f"{where}: the text is not a literal template")
        wrong += [
            f"{where}: {code} is not snake case"
            for code in named or []
            if not SNAKE.fullmatch(code)
        ]
        codes |= set(named or [])
    return codes, wrong


def reasons() -> set[str]:
    """The reason codes of rejects and warnings."""
    from vouchercli.rules.reasons import EXPLANATIONS

    return set(EXPLANATIONS)


def unlike(documented: set[str], used: set[str]) -> list[str]:
    """Codes in one place only."""
    return sorted(
        [f"{code} is not in docs/errors.md" for code in used - documented]
        + [f"{code} is in docs/errors.md and nowhere else" for code in documented - used]
    )


def test_every_code_is_literal() -> None:
    assert none_of([complaint for module in modules() for complaint in raised(module)[1]])


def test_a_code_that_is_made_up_at_run_time_is_found() -> None:
    assert raised(sample('raise VoucherError(f"{x}_bad", "no")'))[1]
    assert raised(sample('raise VoucherError("Bad Code", "no")'))[1]
    assert raised(sample('raise VoucherError("bad", f"no {x}")'))[1]


def test_every_code_is_documented() -> None:
    used = set().union(*(raised(module)[0] for module in modules())) | reasons()
    documented = ROW.findall((ROOT / "docs/errors.md").read_text("utf-8"))
    assert len(documented) == len(set(documented))
    assert none_of(unlike(set(documented), used))


def test_an_undocumented_code_is_found() -> None:
    assert unlike({"old"}, {"new"}) == [
        "new is not in docs/errors.md",
        "old is in docs/errors.md and nowhere else",
    ]
    assert ROW.findall("| `busy` | ... |\n| busy | ... |") == ["busy"]
