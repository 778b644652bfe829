"""What `-o json` answers is a contract: keys may be added, never removed, renamed or of another
kind.

tests/cases/json_contract.json holds the shape of every command's answer; `pytest --bless
tests/test_json_contract.py` takes in what was added.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

SNAPSHOT = Path(__file__).parent / "cases" / "json_contract.json"
ENVELOPE = ["voucher", "command", "status", "data", "problems"]
CLOCK = ("rehearsal", "stand_in", "acted_at")  # only where there is something to say
PROBLEM = ["code", "level", "where", "message", "hint"]
# Maps whose keys are the user's own words, not ours.
OPEN = {
    "reasons",
    "document",
    "detail",
    "declared",
    "name",
    "issuer",
    "funding",
    "scope",
    "before",
    "after",
    "cells",
    "row",
    "shares",
    "fields",
    "funders",
}
FILES = {
    "merchants.csv": (
        "merchant_no,name,district,industry,size\nM001,知味观,上城区,餐饮,small\nM002,武林银泰,下城区,零售,large\n"
    ),
    "applications.csv": (
        "application_no,round,resident,applied_at,group,device\nA1,hz-1,13800000005,2020-03-27"
        " 08:00:05,medics,d1\nA2,hz-1,13800000006,2020-03-27"
        " 08:00:06,,d1\nA3,hz-9,13800000007,2020-03-27 08:00:06,,\n"
    ),
    "eligibility.csv": "resident,group\n13800000005,medics\n",
    "claims.csv": (
        "claim_no,round,resident,claimed_at\nC0001,hz-1,13800000001,2020-03-27 08:00:01\n"
        "C0002,hz-1,13800000002,2020-03-27 08:00:02\nC0003,hz-9,13800000003,2020-03-27 08:00:02\n"
    ),
    "redemptions.csv": (
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\nT0001,pay,C0001,1,M001,2020-03-28"
        " 12:10:00,100.00,0,10.00,\nT0002,pay,C0001,2,M002,2020-03-29"
        " 18:30:00,50.00,5.00,10.00,\nT0003,pay,C0002,1,M001,2020-03-29"
        " 12:00:00,39.00,0,10.00,\nT0004,refund,C0001,1,M001,2020-03-29"
        " 13:00:00,100.00,0,10.00,T0001\n"
    ),
    "more.yaml": (
        "programme: hangzhou-2020\nname: {zh: 杭州电子消费券, en: Hangzhou}\nfunders: {treasury:"
        ' {kind: public, amount: "495000000.00"}}\nstaff: [{name: chen, roles: [maker]}, {name:'
        " lin, roles: [checker]}, {name: wu, roles: [checker]}]\n"
    ),
    "cells.csv": (
        "round,arm,arrival,week,n,y,yy,s,ss,sy\nnext-1,won,-100,1,20,2000,200000,200,2000,20000\n"
    ),
    "survey.csv": "round,used,ordinary,by_voucher,of_own\nnext-1,50,30,20,10\n",
    "lot.csv": (
        "application_no,round,resident,applied_at,district\nL1,lot-1,13800000001,2020-03-21"
        " 08:00:00,上城区\nL2,lot-1,13800000002,2020-03-21 08:00:01,上城区\n"
    ),
}
LATER = ("--now", "2020-03-30 09:00")
SESSION = (
    ("init",),
    ("doctor",),
    ("programme", "load", "hangzhou-2020"),
    ("programme", "list"),
    ("programme", "list", "--shipped"),
    ("programme", "show"),
    ("template", "list", "--shipped"),
    ("template", "add", "universal-5x10"),
    ("template", "add", "hangzhou-draft-10"),
    ("template", "list"),
    ("template", "show", "universal-5x10"),
    ("template", "diff", "hangzhou-draft-10", "universal-5x10"),
    ("template", "history", "universal-5x10"),
    ("template", "check", "universal-5x10", "--packs", "100"),
    ("template", "export", "universal-5x10"),
    ("programme", "export", "hangzhou-2020"),
    ("profile", "export", "voucher"),
    ("profile", "list"),
    ("profile", "show", "wechat-use-flow"),
    ("profile", "guess", "claims.csv"),
    ("profile", "try", "claims.csv"),
    ("merchant", "blank"),
    ("application", "blank"),
    ("eligibility", "blank"),
    ("claim", "blank"),
    ("redemption", "blank"),
    (
        "round",
        "create",
        "hz-1",
        "--template",
        "universal-5x10",
        "--packs",
        "100",
        "--opens-at",
        "2020-03-27 08:00",
        "--actor",
        "chen",
    ),
    ("round", "edit", "hz-1", "--packs", "200", "--actor", "chen"),
    ("round", "plan", "hz-1"),
    ("round", "submit", "hz-1", "--actor", "chen"),
    ("round", "reject", "hz-1", "--note", "why", "--actor", "lin"),
    ("round", "submit", "hz-1", "--actor", "chen"),
    ("round", "approve", "hz-1", "--actor", "lin"),
    ("programme", "load", "more.yaml", "--actor", "chen"),
    ("programme", "approve", "--actor", "lin"),
    ("programme", "show"),
    ("programme", "reject", "--note", "no", "--actor", "wu"),
    ("round", "copy", "hz-1", "hz-2", "--opens-at", "2020-04-03 10:00"),
    ("round", "cancel", "hz-2"),
    ("round", "open", "hz-1", "--now", "2020-03-27 08:00"),
    ("round", "pause", "hz-1", "--actor", "chen"),
    ("round", "resume", "hz-1", "--actor", "chen"),
    ("round", "approve", "hz-1", "--actor", "lin"),
    ("round", "top-up", "hz-1", "--packs", "10", "--actor", "chen"),
    ("round", "approve", "hz-1", "--actor", "lin"),
    ("round", "reduce", "hz-1", "--packs", "1", "--note", "why", "--actor", "chen"),
    ("round", "reject", "hz-1", "--note", "no", "--actor", "lin"),
    ("round", "reschedule", "hz-1", "--closes-at", "2020-04-10", "--actor", "chen"),
    ("round", "reject", "hz-1", "--note", "no", "--actor", "lin"),
    ("audit", "log"),
    ("audit", "head"),
    ("key", "rotate", "--reason", "a copy was lost", "--actor", "lin", *LATER),
    ("key", "show"),
    ("audit", "verify"),
    ("round", "list"),
    ("round", "show", "hz-1"),
    ("merchant", "import", "merchants.csv"),
    ("merchant", "list"),
    ("merchant", "show", "M001"),
    ("merchant", "suspend", "M001", "--from", "2020-03-31 00:00", "--reason", "inquiry"),
    ("merchant", "reinstate", "M001", "--from", "2020-04-01 00:00"),
    ("claim", "import", "claims.csv", *LATER),
    ("claim", "list"),
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
        "2020-03-28 12:00",
    ),
    ("redemption", "import", "redemptions.csv", *LATER),
    ("redemption", "list"),
    ("fund", "appropriate", "treasury", "5", "--actor", "chen", *LATER),
    ("programme", "reject", "--note", "no", "--actor", "lin", *LATER),
    ("fund", "return", "treasury", "5", "--actor", "chen", *LATER),
    ("programme", "reject", "--note", "no", "--actor", "lin", *LATER),
    ("fund", "show"),
    ("ledger", "accounts"),
    ("ledger", "show"),
    ("ledger", "export"),
    ("ledger", "export", "--to", "ledger.journal"),
    ("day", "list"),
    ("day", "close", "2020-03-27", "--actor", "chen", *LATER),
    ("day", "sign", "2020-03-27", "--actor", "wu", *LATER),
    ("day", "list"),
    ("day", "show", "2020-03-27"),
    ("day", "verify"),
    ("batch", "list"),
    ("batch", "show", "3"),
    ("batch", "rejects", "3"),
    ("batch", "retry", "3", *LATER),
    ("report", "leverage"),
    ("report", "rounds"),
    ("check",),
    ("batch", "undo", "3", *LATER, "--yes"),
    ("application", "import", "applications.csv", *LATER),
    ("application", "list"),
    ("eligibility", "import", "eligibility.csv"),
    ("eligibility", "list", "--group", "medics"),
    ("round", "allocate", "hz-1", *LATER),
    ("round", "show", "hz-1"),
    ("claim", "grant", "hz-1", "13800000009", *LATER),
    ("round", "close", "hz-1", "--now", "2020-05-30"),
    ("round", "copy", "hz-1", "hz-8", "--opens-at", "2020-06-01 10:00", "--packs", "1"),
    ("schedule", "show", "--now", "2020-05-30"),
    ("schedule", "tick", "--now", "2020-05-31 12:00"),
    ("schedule", "print"),
    ("schedule", "status"),
    ("schedule", "install", "--systemd", "--dry-run"),
    ("schedule", "remove", "--systemd", "--dry-run"),
    (
        "round",
        "create",
        "lot-1",
        "--template",
        "universal-5x10",
        "--packs",
        "1",
        "--mode",
        "lottery",
        "--registration-opens",
        "2020-03-20",
        "--opens-at",
        "2020-03-27 08:00",
        "--actor",
        "chen",
    ),
    ("round", "submit", "lot-1", "--actor", "chen"),
    ("round", "approve", "lot-1", "--actor", "lin"),
    ("draw", "show", "lot-1"),
    ("draw", "commit", "lot-1", "--stratum", "district=上城区:1"),
    ("application", "import", "lot.csv", *LATER),
    ("draw", "entrants", "lot-1", *LATER),
    ("round", "open", "lot-1", *LATER),
    ("draw", "run", "lot-1", *LATER),
    ("round", "draw", "lot-1"),
    ("draw", "show", "lot-1", "--application", "L1"),
    (
        "draw",
        "verify",
        "draws/hangzhou-2020-lot-1-certificate.json",
        "--entrants",
        "draws/hangzhou-2020-lot-1-entrants.csv",
    ),
    ("round", "plan", "lot-1", "--now", "2020-05-30"),
    (
        *("round", "create", "next-1", "--template", "universal-5x10@1", "--packs", "10"),
        *("--opens-at", "2020-06-05 10:00", "--now", "2020-05-30"),
    ),
    ("effect", "plan", "next-1", "--now", "2020-05-30"),
    ("round", "rehearse", "next-1", "--now", "2020-05-30"),
    ("effect", "import", "cells.csv", "--source", "alipay", "--now", "2020-07-30"),
    ("effect", "import", "survey.csv", "--source", "a survey", "--now", "2020-07-30"),
    ("effect", "estimate", "next-1", "--now", "2020-07-30"),
    ("effect", "report", "--now", "2020-07-30"),
    ("effect", "survey-size", "next-1", "--now", "2020-07-30"),
    ("effect", "blank"),
    ("report", "forecasts", "--now", "2020-07-30"),
)


def shape(value: Any, key: str = "") -> Any:
    """Keys and kinds of a JSON value; the items of a list are merged into one."""
    if isinstance(value, dict):
        return (
            "map"
            if key in OPEN
            else {name: shape(each, name) for name, each in sorted(value.items())}
        )
    if isinstance(value, list):
        merged: Any = None
        for item in value:
            merged = shape(item) if merged is None else added(merged, shape(item))
        return [merged] if merged is not None else []
    return "null" if value is None else type(value).__name__


def added(one: Any, other: Any) -> Any:
    """Two shapes together."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: added(one[key], other[key]) for key in one if key in other}
        return {key: both.get(key, one.get(key, other.get(key))) for key in sorted({*one, *other})}
    if isinstance(one, list) and isinstance(other, list):
        return [added(one[0], other[0])] if one and other else one or other
    if isinstance(one, str) and isinstance(other, str):
        return "|".join(sorted({*one.split("|"), *other.split("|")}))
    return other if one == "null" else one


def broken(held: Any, now: Any, path: str) -> list[str]:
    """Where an answer does not keep what is held: a key that is gone, a value of another kind."""
    if isinstance(held, dict) and isinstance(now, dict):
        gone = [f"{path}.{key} is gone" for key in held if key not in now]
        return gone + [
            complaint
            for key in held
            if key in now
            for complaint in broken(held[key], now[key], f"{path}.{key}")
        ]
    if isinstance(held, list) and isinstance(now, list):
        return broken(held[0], now[0], f"{path}[]") if held and now else []
    if isinstance(held, str) and isinstance(now, str):
        is_kept = held == "null" or {*now.split("|")} <= {*held.split("|"), "null"}
        return [] if is_kept else [f"{path} was {held} and is {now}"]
    return [] if "null" in (held, now) else [f"{path} is of another kind"]


@pytest.fixture
def answers(voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The data's shape of every command, from one small programme."""
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")
    for name, text in FILES.items():
        (here / name).write_text(text, "utf-8")
    found: dict[str, Any] = {}
    for words in SESSION:
        ran = voucher(*words, "-o", "json", expect=None)
        assert ran.code in (0, 4), f"{words}: exit {ran.code}\n{ran.out}\n{ran.err}"
        assert ran.err == "", f"{words}: -o json talks on stderr: {ran.err}"
        assert list(ran.json)[:5] == ENVELOPE and set(ran.json) <= {*ENVELOPE, *CLOCK}, words
        assert ran.json["command"] == " ".join(
            words[:1] if words[0] in ("init", "doctor", "check") else words[:2]
        )
        assert all(list(problem) == PROBLEM for problem in ran.json["problems"])
        command = ran.json["command"]
        found[command] = (
            added(found[command], shape(ran.data)) if command in found else shape(ran.data)
        )
    return found


def test_no_answer_breaks_its_contract(answers: dict[str, Any], bless: bool) -> None:
    held = json.loads(SNAPSHOT.read_text("utf-8")) if SNAPSHOT.exists() else {}
    wrong = [
        complaint
        for command in held
        for complaint in broken(held[command], answers.get(command), command)
    ]
    assert not wrong, "\n".join(wrong)
    if bless:
        kept = {
            command: added(held[command], answers[command]) if command in held else answers[command]
            for command in answers
        }
        SNAPSHOT.write_text(
            json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8"
        )
    assert sorted(json.loads(SNAPSHOT.read_text("utf-8"))) == sorted(answers), (
        "pytest --bless tests/test_json_contract.py"
    )


def test_the_answers_have_the_keys_of_the_design(answers: dict[str, Any]) -> None:
    row = {
        "key",
        "redemptions",
        "base_fen",
        "subsidy_fen",
        "platform_fen",
        "match_fen",
        "own_fen",
        "gross",
        "own_spend",
        "floor",
    }
    assert row <= set(answers["report leverage"]["rows"][0])
    assert row <= {*answers["report leverage"]["total"], "key"}
    assert {"by", "as_of"} <= set(answers["report leverage"])
    assert {
        "round",
        "state",
        "packs",
        "claimed",
        "claim_rate",
        "opens_at",
        "sold_out_at",
        "sell_out_seconds",
        "used_of_claimed",
        "paid_of_claimed",
        "paid_of_quota",
        "users_of_claimers",
        "outstanding_fen",
        "expired_fen",
        "breaches",
    } <= set(
        answers["report rounds"]["rows"][0]
        if "rows" in answers["report rounds"]
        else answers["report rounds"][0]
    )
    for noun in ("merchant", "claim", "redemption"):
        assert {
            "batch",
            "file",
            "sha256",
            "profile",
            "encoding",
            "read",
            "accepted",
            "duplicate",
            "rejected",
            "warnings",
            "reasons",
        } <= set(answers[f"{noun} import"])


def test_a_refusal_is_json_too(voucher: Voucher) -> None:
    refused = voucher("round", "list", "-o", "json", expect=3).json
    assert (refused["status"], refused["data"], refused["problems"][0]["code"]) == (
        "refused",
        None,
        "no_database",
    )
    wrong = voucher("round", "lisst", "-o", "json", expect=2).json
    assert (wrong["status"], wrong["problems"][0]["code"]) == ("refused", "usage")


def test_a_broken_contract_is_found() -> None:
    held = shape(
        {
            "rows": [{"base_fen": 1, "gross": "1.00"}, {"base_fen": 2, "gross": None}],
            "reasons": {"expired": 1},
        }
    )
    assert (
        broken(
            held, shape({"rows": [{"base_fen": 1, "gross": None, "new": 1}], "reasons": {}}), "x"
        )
        == []
    )
    assert broken(held, shape({"rows": [{"gross": "1.00"}]}), "x") == [
        "x.reasons is gone",
        "x.rows[].base_fen is gone",
    ]
    now = shape({"rows": [{"base_fen": 1.0, "gross": "1"}], "reasons": {}})
    assert broken(held, now, "x") == ["x.rows[].base_fen was int and is float"]
