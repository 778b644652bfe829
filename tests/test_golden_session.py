"""What every command prints in one small session, and what it says when it refuses, is fixed letter
by letter in tests/cases/session/. A change of a word, a number, an order or an exit code is seen in
the diff; `pytest --bless tests/test_golden_session.py` takes in what was meant.

The chance is fixed; digests and the folder, which differ from run to run, are hidden.
"""

from __future__ import annotations

import json
import pwd
import re
import secrets
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from test_json_contract import FILES, SESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    Voucher = Callable[..., Ran]

CASES = Path(__file__).parent / "cases" / "session"
# what these print is about the machine, or another test's own
ELSEWHERE = {"init", "doctor", "schedule install", "schedule print", "schedule remove"}
ELSEWHERE |= {"schedule status", "audit head", "audit verify", "--shipped"}
CHANCE = re.compile(
    r"(?<![0-9A-Za-z.])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8,64}(?![0-9A-Za-z])"
)


@pytest.fixture
def session(voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    monkeypatch.setattr(pwd, "getpwuid", lambda user: SimpleNamespace(pw_name="login"))
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)  # installed or not
    monkeypatch.setattr(secrets, "token_bytes", lambda size: b"s" * size)
    monkeypatch.setattr(secrets, "token_hex", lambda size: "5e" * size)
    for name, text in FILES.items():
        (here / name).write_text(text, "utf-8")

    def run(*words: str) -> Ran:
        return voucher(*words, expect=None)

    return run


def steady(text: str, here: Path) -> str:
    """Without what differs from run to run."""
    text = re.sub('"entered_at": "[^"]*"', '"entered_at": "NOW"', text.replace(str(here), "HERE"))
    return CHANCE.sub(lambda match: "x" * len(match[0]), text)


def transcript(words: tuple[str, ...], ran: Ran, here: Path) -> Iterator[str]:
    """A command line, its answer, its talk (behind `!`) and its exit code."""
    yield f"$ voucher {shlex.join(words)}"
    yield from steady(ran.out, here).splitlines()
    yield from (f"! {line}".rstrip() for line in steady(ran.err, here).splitlines())
    if ran.code:
        yield f"exit {ran.code}"
    yield ""


def spread(data: Any) -> Iterator[str]:
    """An answer, a line for each of its keys and for each item of a list."""
    for key, value in data.items():
        if isinstance(value, list) and value:
            yield f"{key}:"
            yield from (f"  - {json.dumps(each, ensure_ascii=False)}" for each in value)
        else:
            yield f"{key}: {json.dumps(value, ensure_ascii=False)}"


def same(name: str, lines: list[str], *, bless: bool) -> None:
    """Compare with what is kept, or keep it."""
    path = CASES / name
    if bless:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines), "utf-8")
    assert lines == path.read_text("utf-8").split("\n"), (
        "pytest --bless tests/test_golden_session.py"
    )


def is_shown(words: tuple[str, ...]) -> bool:
    return not {words[0], " ".join(words[:2]), words[-1]} & ELSEWHERE


def test_what_a_person_reads(session: Voucher, here: Path, bless: bool) -> None:
    lines: list[str] = []
    for words in SESSION:
        ran = session(*words)
        if is_shown(words):
            lines += transcript(words, ran, here)
    for words in ASKED_WRONGLY:
        ran = session(*words)
        lines += transcript(words, ran, here)
    same("read.txt", lines, bless=bless)


def test_what_a_program_reads(session: Voucher, here: Path, bless: bool) -> None:
    lines: list[str] = []
    for words in SESSION:
        ran = session(*words, "-o", "json")
        if is_shown(words):
            lines.append(f"$ voucher {shlex.join(words)}")
            lines += [steady(line, here) for line in spread(ran.data)]
    same("json.txt", lines, bless=bless)


ASKED_WRONGLY: tuple[tuple[str, ...], ...] = (
    ("round", "show", "hz-11"),
    ("round", "show", "nothing-like-it"),
    (
        "round",
        "create",
        "hz-1",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--opens-at",
        "2020-07-01",
    ),
    ("round", "create", "n", "--template", "universal", "--packs", "1", "--opens-at", "2020-07-01"),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10@9",
        "--packs",
        "1",
        "--opens-at",
        "2020-07-01",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "0",
        "--opens-at",
        "2020-07-01",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--opens-at",
        "yesterday",
    ),
    (
        "round",
        "create",
        "N!",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--opens-at",
        "2020-07-01",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--mode",
        "auction",
        "--opens-at",
        "2020-07-01",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--opens-at",
        "2020-07-01",
        "--closes-at",
        "2020-06-01",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--mode",
        "targeted",
        "--opens-at",
        "2020-07-01",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--mode",
        "lottery",
        "--opens-at",
        "2020-07-01",
        "--registration-opens",
        "2020-07-02",
    ),
    (
        "round",
        "create",
        "n",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--per-resident",
        "9",
        "--opens-at",
        "2020-07-01",
    ),
    ("round", "submit", "hz-1"),
    ("round", "approve", "hz-2", "--actor", "lin"),
    ("round", "open", "hz-8"),
    ("round", "pause", "hz-8", "--actor", "chen"),
    ("round", "resume", "hz-8", "--actor", "chen"),
    ("round", "close", "hz-8"),
    ("round", "cancel", "hz-1"),
    ("round", "edit", "hz-1", "--packs", "3"),
    ("round", "edit", "hz-8"),
    ("round", "top-up", "hz-8", "--packs", "3", "--actor", "chen"),
    ("round", "reschedule", "hz-8", "--closes-at", "2020-07-01", "--actor", "chen"),
    ("round", "copy", "hz-1", "hz-8", "--opens-at", "2020-07-01"),
    ("round", "allocate", "hz-8"),
    ("round", "draw", "hz-1"),
    ("round", "plan", "nowhere"),
    ("draw", "show", "hz-1"),
    ("draw", "show", "lot-1", "--application", "L9"),
    ("draw", "commit", "lot-1"),
    ("draw", "run", "lot-2"),
    ("draw", "verify", "missing.json", "--entrants", "missing.csv"),
    ("template", "show", "universal"),
    ("template", "show", "universal-5x10@7"),
    ("template", "add", "nothing.yaml"),
    ("template", "diff", "universal-5x10", "x"),
    ("template", "check", "x", "--packs", "1"),
    ("programme", "load", "nothing.yaml"),
    ("programme", "show", "other"),
    ("programme", "approve", "--actor", "lin"),
    ("programme", "reject", "--note", "x", "--actor", "lin"),
    ("merchant", "show", "M01"),
    ("merchant", "show", "nowhere"),
    ("merchant", "import", "missing.csv"),
    ("merchant", "import", "claims.csv"),
    ("merchant", "import", "merchants.csv", "--profile", "vouchr"),
    (
        "merchant",
        "suspend",
        "M001",
        "--from",
        "2020-03-31 00:00",
        "--until",
        "2020-03-30",
        "--reason",
        "x",
    ),
    ("merchant", "reinstate", "M002", "--from", "2020-04-01 00:00"),
    ("claim", "list", "--round", "nowhere"),
    ("claim", "list", "--claim", "C9"),
    ("claim", "import", "redemptions.csv"),
    ("claim", "grant", "hz-1", "1"),
    ("claim", "grant", "lot-1", "1"),
    ("redemption", "list", "--merchant", "M9"),
    ("redemption", "list", "--transaction", "T9"),
    (
        "redemption",
        "check",
        "--claim",
        "C9",
        "--merchant",
        "M001",
        "--amount",
        "50",
        "--at",
        "2020-03-28 12:00",
    ),
    (
        "redemption",
        "check",
        "--claim",
        "C0001",
        "--merchant",
        "M9",
        "--amount",
        "50",
        "--at",
        "2020-03-28 12:00",
    ),
    (
        "redemption",
        "check",
        "--claim",
        "C0001",
        "--merchant",
        "M001",
        "--amount",
        "39.99",
        "--at",
        "2020-03-28 12:00",
    ),
    (
        "redemption",
        "check",
        "--claim",
        "C0001",
        "--merchant",
        "M001",
        "--amount",
        "much",
        "--at",
        "2020-03-28 12:00",
    ),
    (
        "redemption",
        "check",
        "--claim",
        "C0001",
        "--merchant",
        "M001",
        "--amount",
        "50",
        "--at",
        "2021-03-28 12:00",
    ),
    ("application", "list", "--round", "nowhere"),
    ("eligibility", "list", "--group", "nobody"),
    ("batch", "list", "--kind", "letters"),
    ("batch", "show", "99"),
    ("batch", "rejects", "99"),
    ("batch", "retry", "99"),
    ("batch", "resume", "1"),
    ("batch", "undo", "99", "--yes"),
    ("batch", "undo", "3", "--yes"),
    ("report", "leverage", "--by", "weather"),
    ("report", "leverage", "--round", "nowhere"),
    ("report", "leverage", "--since", "2021-01-01", "--as-of", "2020-01-01"),
    ("report", "rounds", "--as-of", "never"),
    ("audit", "log", "--since", "never"),
    ("audit", "verify", "--head", "1:zz"),
    ("audit", "verify", "--head", "9999:" + "a1" * 32),
    ("check", "--db", "missing.db"),
    ("schedule", "tick", "--now", "2019-01-01"),
    ("schedule", "install", "--every", "0"),
)
