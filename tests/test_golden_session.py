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
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")
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


DRAFT = ("round", "create", "n2", "--template", "universal-5x10", "--packs", "1")
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
    (*DRAFT, "--opens-at", "2020-07-01", "--closes-at", "2020-07-01 00:00"),
    (*DRAFT, "--opens-at", "2020-07-01", "--mode", "lottery", "--registration-opens", "2020-07-01"),
    (*DRAFT, "--opens-at", "2020-07-01", "--packs", "100000000"),
    (*DRAFT, "--opens-at", "2020-07-01", "--platform", "alipay", "--per-resident", "1"),
    (*DRAFT, "--opens-at", "2020-07-01", "--group", "medics", "--dry-run"),
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


# ---------------------------------------------------------------- a fuller town

TOWN: dict[str, str] = {
    "town.yaml": """\
programme: town
name: {zh: 小镇, en: Town}
funders:
  treasury: {kind: public, amount: "300000.00"}
  bank: {kind: platform, amount: "50000.00"}
  shops: {kind: merchant}
limits: {packs_per_resident_per_round: 2, packs_per_resident_per_week: 3, vouchers_per_merchant_per_day: 2}
refunds: pro_rata
unused: next_round
unused_after_days: 1
staff: [{name: mei, roles: [maker]}, {name: lin, roles: [checker]}, {name: wu, roles: [checker]}]
approvals: [{up_to: "100000.00", checkers: 1}, {checkers: 2}]
""",
    "other.yaml": """\
programme: other
name: {zh: 他镇, en: Other}
time_zone: Asia/Urumqi
funders: {county: {kind: public, amount: "1000.00"}}
""",
    "mix.yaml": """\
template: mix
name: {zh: 混合券, en: Mix}
coupons:
  - {count: 2, kind: amount_off, denomination: "10.00", threshold: "40.00"}
  - {count: 1, kind: percent_off, percent: "12.5", threshold: "100.00", cap: "30.00"}
validity: {days_after_claim: 3}
scope: {channel: any, districts: [西湖区, 上城区], hours: ["10:00-14:30", "17:00-24:00"], exclude: [M4]}
funding: {treasury: "60%", bank: "40%"}
match: {shops: "50%"}
""",
    "fixed.yaml": """\
template: fixed
name: {zh: 定额券, en: Fixed}
coupons: [{count: 3, kind: amount_off, denomination: "20.00", threshold: "60.00"}]
validity: {until: 2020-06-30}
scope: {channel: offline, industries: [餐饮], sizes: [small, micro], weekdays: [sat, sun], registration: open}
funding: {treasury: "100%"}
""",
    "plain.yaml": """\
template: plain
name: {zh: 普通券, en: Plain}
coupons: [{count: 2, kind: amount_off, denomination: "10.00", threshold: "40.00"}]
validity: {days_after_claim: 7}
funding: {treasury: "100%"}
""",
    "long.yaml": """\
template: long
name: {zh: 名字特别长的消费券一二三, en: Long}
coupons: [{count: 31, kind: amount_off, denomination: "10.00", threshold: "30.00"}]
validity: {days_after_claim: 120}
funding: {county: "100%"}
""",
    "merchants.csv": """\
merchant_no,name,uscc,district,industry,size,platform_no
M1,面馆,,西湖区,餐饮,small,P1
M2,书店,,上城区,零售,large,
M3,茶馆,,西湖区,餐饮,micro,P3
M4,商场,,上城区,零售,large,
M5,酒店,,余杭区,住宿,medium,
""",
    "merchants2.csv": """\
merchant_no,name,uscc,district,industry,size,platform_no
M1,面馆（总店）,,西湖区,餐饮,small,P1
M2,书店,,上城区,零售,large,
M6,花店,,西湖区,零售,micro,
M4,商场,,上城区,,large,
,无号,,,,,
""",
    "people.csv": "resident,group,district\nann,medics,西湖区\nbob,medics,上城区\nann,medics,西湖区\n,medics,\ncat,teachers,\n",
    "claims.csv": """\
claim_no,round,resident,claimed_at
C1,o1,ann,2020-03-27 08:00:01
C2,o1,bob,2020-03-27 08:00:02
C3,o1,ann,2020-03-27 08:00:03
C4,o1,ann,2020-03-27 08:00:04
C5,o1,cat,2020-03-27 07:59:59
C6,t1,ann,2020-03-27 09:00:00
C7,t1,dan,2020-03-27 09:00:00
C8,zz,dan,2020-03-27 09:00:00
C9,o1,eve,2020-03-27 10:00:00
C9,o1,fay,2020-03-27 10:00:01
C10,o1,fay,2021-03-27 10:00:01
C11,o1,fay,27.3.2020
""",
    "pays.csv": """\
transaction_no,kind,claim_no,coupon_no,merchant_no,platform_no,channel,paid_at,order_amount,merchant_discount,subsidy,refund_of
T1,pay,C1,1,M1,,offline,2020-03-28 12:00:00,45.00,0,10.00,
T2,pay,C1,3,,P1,online,2020-03-28 12:10:00,200.00,20.00,22.50,
T3,pay,C2,1,M2,,,2020-03-28 17:00:00,60.00,0,10.00,
T4,pay,C2,2,M1,,,2020-03-28 14:29:59,60.00,0,10.00,
T5,pay,C3,1,M1,,,2020-03-28 13:00:00,60.00,0,10.00,
T6,pay,C3,2,M4,,,2020-03-28 13:00:00,60.00,0,10.00,
T7,pay,C9,1,M5,,,2020-03-28 13:00:00,60.00,0,10.00,
T8,pay,C9,2,M3,,,2020-03-28 14:30:01,60.00,0,10.00,
T9,pay,C9,2,M3,,,2020-03-28 23:59:59,60.00,0,9.99,
T10,pay,C9,2,M3,,,2020-03-31 00:00:00,60.00,0,10.00,
T11,pay,C9,2,M3,,,2020-03-30 23:59:59,60.00,0,10.00,
T12,pay,C9,9,M3,,,2020-03-29 12:00:00,60.00,0,10.00,
T13,pay,C9,1,M9,,,2020-03-29 12:00:00,60.00,0,10.00,
R1,refund,C1,1,M1,,,2020-03-29 12:00:00,20.00,0,4.44,T1
R2,refund,C1,1,M1,,,2020-03-29 13:00:00,25.00,0,5.56,T1
R3,refund,C2,1,M2,,,2020-03-29 13:00:00,61.00,0,10.00,T3
T1,pay,C1,1,M1,,offline,2020-03-28 12:00:00,45.00,0,10.00,
T3,pay,C9,1,M1,,offline,2020-03-29 12:00:00,45.00,0,10.00,
""",
    "wants.csv": """\
application_no,round,resident,applied_at,district,group
A1,l1,ann,2020-03-21 08:00:00,西湖区,
A2,l1,bob,2020-03-21 08:00:00,上城区,
A3,l1,ann,2020-03-21 09:00:00,西湖区,
A4,l1,cat,2020-03-26 09:00:00,西湖区,
A5,f1,dan,2020-03-27 08:00:00,,
A6,f1,dan,2020-03-27 08:00:01,,
A7,f1,eve,2020-03-27 08:00:01,,
A8,f1,fay,2020-03-27 07:00:00,,
A9,g1,hal,2020-03-27 08:00:01,,
A10,g1,hal,2020-03-27 08:00:02,,
A11,g1,hal,2020-03-27 08:00:03,,
A12,g1,gus,2020-03-27 08:00:04,,
A13,g1,ivy,2020-03-27 08:00:05,,
A14,g1,jim,2020-03-27 08:00:06,,
""",
}
ROUND = "--opens-at '2020-03-27 08:00' --closes-at '2020-03-29 08:00' --actor mei"
LIVE, EVENING, AFTER = (
    "--now '2020-03-27 12:00'",
    "--now '2020-03-29 20:00'",
    "--now '2020-04-03 09:00'",
)
FULLER = f"""
voucher init
voucher programme load town.yaml
voucher template add mix.yaml
voucher template add fixed.yaml
voucher template add plain.yaml
voucher template check long.yaml --packs 10
voucher template check mix --packs 1000
voucher template check fixed.yaml --packs 10 --lang zh
voucher template diff mix fixed --lang zh
voucher merchant import merchants.csv
voucher merchant list --district 西湖区
voucher merchant list --limit 2 --lang zh
voucher merchant list --industry 餐饮 --size micro -o csv
voucher merchant suspend M3 --from '2020-03-29 00:00' --reason 'cash out'
voucher merchant reinstate M3 --from '2020-03-30 12:00'
voucher merchant list --suspended --now '2020-03-29 00:00'
voucher merchant list --suspended --now '2020-03-30 12:00'
voucher round create d1 --template fixed --packs 10 {ROUND}
voucher round create s1 --template mix --packs 10 {ROUND}
voucher round submit s1 --actor mei
voucher round create big --template mix --packs 4000 {ROUND}
voucher round submit big --actor mei
voucher round approve big --actor lin
voucher round approve big --actor lin
voucher round approve big --actor wu
voucher round show big
voucher round cancel big --actor mei
voucher round create huge --template mix --packs 9000 {ROUND}
voucher round submit huge --actor mei
voucher round approve huge --actor lin
voucher round plan huge
voucher round reject huge --note 'too much' --actor lin
voucher round create o1 --template mix --packs 5 --per-resident 2 {ROUND}
voucher round submit o1 --actor mei
voucher round approve o1 --actor lin
voucher round create f1 --template mix --packs 2 {ROUND}
voucher round submit f1 --actor mei
voucher round approve f1 --actor lin
voucher round create g1 --template mix --packs 3 {ROUND}
voucher round submit g1 --actor mei
voucher round approve g1 --actor lin
voucher round create t1 --template fixed --packs 3 --mode targeted --group medics {ROUND}
voucher round create w1 --template plain --packs 3 --platform wechat {ROUND}
voucher round submit w1 --actor mei
voucher round approve w1 --actor lin
voucher round create w2 --template mix --packs 3 --platform wechat {ROUND}
voucher round create l1 --template mix --packs 2 --mode lottery --registration-opens 2020-03-20 {ROUND}
voucher round submit l1 --actor mei
voucher round approve l1 --actor lin
voucher eligibility import people.csv
voucher eligibility list --group medics --limit 1
voucher eligibility list --group medics --resident bob --lang zh
voucher round plan t1
voucher round submit t1 --actor mei
voucher round approve t1 --actor lin
voucher round list
voucher round list --lang zh
voucher round list -o csv
voucher round plan o1 --lang zh
voucher round plan l1
voucher round plan w1
voucher schedule show
voucher schedule show --lang zh --now '2020-03-27 08:00'
voucher draw commit l1 --registration-closes '2020-03-26 18:00' --stratum district=西湖区:1 --public-source 'the lottery of 27 March'
voucher draw commit l1
voucher round create l2 --template mix --packs 2 --mode lottery --registration-opens 2020-03-20 --opens-at '2020-03-27 08:00' --closes-at 2020-03-29 --actor mei
voucher round show l2
voucher round submit l2 --actor mei
voucher round approve l2 --actor lin
voucher draw commit l2 --registration-closes 2020-03-26 --stratum district=西湖区:1 --stratum group=medics:1
voucher draw commit l2 --registration-closes 2020-03-26 --stratum district=西湖区:3
voucher round cancel l2 --actor mei
voucher round cancel l2 --note 'too few strata' --actor mei
voucher round approve l2 --actor lin
voucher audit log --until 2020-03-20 --limit 1
voucher audit log --until 2020-03-19
voucher audit log --since 2020-03-20 --limit 1
voucher audit log --since 2020-03-21
voucher application import wants.csv {LIVE}
voucher application list --round l1 --limit 2
voucher application list --resident ann
voucher draw entrants l1 --now '2020-03-26 17:59'
voucher draw run l1 --now '2020-03-26 18:00'
voucher draw run l1 --now '2020-03-26 18:00' --public-randomness '20 30 40'
voucher schedule tick --now '2020-03-27 08:00'
voucher schedule tick --now '2020-03-27 08:00'
voucher round allocate g1 {LIVE}
voucher round show g1 {LIVE}
voucher application list --round g1 {LIVE}
voucher schedule show --now '2020-03-27 12:00'
voucher draw run l1 --now '2020-03-27 12:00'
voucher draw run l1 --now '2020-03-27 12:00' --public-randomness '20 30 40'
voucher draw show l1
voucher draw show l1 --application A3 --lang zh
voucher round show l1 --now '2020-03-27 12:00'
voucher round show t1 --lang zh
voucher round show w1
voucher round top-up o1 --packs 2 --note more --actor mei {LIVE}
voucher round top-up o1 --packs 3 --actor mei {LIVE}
voucher round show o1 {LIVE}
voucher round approve o1 --actor lin {LIVE}
voucher round pause f1 --note queue --actor mei {LIVE}
voucher round show f1 --lang zh {LIVE}
voucher round resume f1 --actor mei {LIVE}
voucher round reject f1 --note wait --actor lin {LIVE}
voucher round reschedule o1 --closes-at '2020-03-28 08:00' --actor mei {LIVE}
voucher round approve o1 --actor wu {LIVE}
voucher claim import claims.csv {LIVE}
voucher claim list --round o1 --limit 2
voucher claim list --resident ann --lang zh
voucher claim list -o csv --claim C2
voucher claim grant f1 gus {LIVE}
voucher batch show 4
voucher batch rejects 4
voucher batch rejects 4 -o csv
voucher batch retry 4 {LIVE}
voucher batch show 8
voucher batch show 8 --lang zh
voucher batch rejects 8
voucher batch rejects 8 -o csv
voucher batch retry 8 {LIVE}
voucher redemption check --claim C1 --merchant M1 --amount 45 --at '2020-03-28 12:00'
voucher redemption check --claim C1 --merchant M1 --amount 200 --discount 20 --at '2020-03-28 12:00' --lang zh
voucher redemption check --claim C1 --merchant M1 --amount 45 --at '2020-03-28 15:00'
voucher redemption check --claim C1 --merchant M4 --amount 45 --at '2020-03-28 12:00' --lang zh
voucher redemption check --claim C1 --merchant M1 --amount 45 --at '2020-03-27 12:00'
voucher redemption check --claim C1 --merchant M1 --amount 45 --discount 45.01 --at '2020-03-28 12:00'
voucher redemption check --claim C1 --amount 45 --at '2020-03-28 12:00'
voucher redemption check --amount 45 --at '2020-03-28 12:00'
voucher redemption check --template mix --amount 240 --coupon 3
voucher redemption check --template mix --amount 239.99 --coupon 3
voucher redemption check --template mix --amount 99.99 --coupon 3
voucher redemption check --template mix --amount 99 --coupon 4
voucher redemption import pays.csv {EVENING}
voucher redemption import pays.csv {EVENING}
voucher redemption list --limit 2
voucher redemption list --merchant M1 --lang zh
voucher redemption list --round o1 -o csv
voucher redemption list --claim C1
voucher batch show 9 {EVENING}
voucher batch rejects 9
voucher batch rejects 9 -o csv --lang zh
voucher batch list --limit 2
voucher batch list --kind claims --lang zh
voucher merchant import merchants2.csv --missing suspend {EVENING}
voucher merchant import merchants3.csv --missing suspend {EVENING}
voucher merchant show M1 {EVENING}
voucher merchant show M5 --lang zh {EVENING}
voucher merchant reinstate M5 --from '2020-04-01' {EVENING}
voucher report leverage {AFTER}
voucher report leverage --by template --funders {AFTER}
voucher report leverage --by coupon {AFTER}
voucher report leverage --by day --lang zh {AFTER}
voucher report leverage --by week {AFTER}
voucher report leverage --by month -o csv {AFTER}
voucher report leverage --by district {AFTER}
voucher report leverage --by industry {AFTER}
voucher report leverage --by size --lang zh {AFTER}
voucher report leverage --by merchant --limit 1 {AFTER}
voucher report leverage --by platform {AFTER}
voucher report leverage --by channel {AFTER}
voucher report leverage --round o1,t1 --since '2020-03-29' {AFTER}
voucher report leverage --as-of '2020-03-28 13:00' {AFTER}
voucher report leverage --round t1 {AFTER}
voucher report rounds {AFTER}
voucher report rounds --round o1 --as-of '2020-03-28' --lang zh {AFTER}
voucher report rounds -o csv {AFTER}
voucher round close f1 --actor mei {EVENING}
voucher schedule tick {AFTER}
voucher schedule tick {AFTER}
voucher schedule show {AFTER}
voucher programme show {AFTER}
voucher programme show --lang zh {AFTER}
voucher round copy o1 o2 --opens-at '2020-04-10 08:00' --actor mei {AFTER}
voucher round show o2 {AFTER}
voucher round plan o2 {AFTER}
voucher round plan o2 --lang zh {AFTER}
voucher round edit o2 --packs 7 --per-resident 1 --actor mei {AFTER}
voucher round edit o2 --packs 7 --actor mei {AFTER}
voucher round copy o1 o2 --opens-at '2020-04-10 08:00' --actor mei {AFTER}
voucher round show o1 {AFTER}
voucher round show o1 --lang zh {AFTER}
voucher check {AFTER}
voucher check --lang zh {AFTER}
voucher batch undo 9 {AFTER}
voucher batch undo 9 --yes --dry-run {AFTER}
voucher batch undo 9 --yes {AFTER}
voucher batch undo 8 {AFTER}
voucher audit log --limit 2 {AFTER}
voucher audit log --deed merchant --lang zh {AFTER}
voucher audit log --about o1 --since '2020-03-27 12:00' {AFTER}
voucher audit log --actor wu {AFTER}
voucher audit log --actor nobody {AFTER}
voucher programme load other.yaml {AFTER}
voucher programme list {AFTER}
voucher round list {AFTER}
voucher round list --programme other {AFTER}
voucher round list --programme nowhere {AFTER}
voucher template add long.yaml {AFTER}
voucher template check long --programme other --packs 10 {AFTER}
voucher round create x1 --template long --packs 4 --opens-at '2020-05-01 08:00' --platform wechat --programme other {AFTER}
voucher round create x1 --template long --packs 4 --opens-at '2020-05-01 08:00' --programme other {AFTER}
voucher round submit x1 --programme other --actor a {AFTER}
voucher round approve x1 --programme other --actor b {AFTER}
voucher round create x2 --template long --packs 3 --opens-at '2020-05-01 08:00' --programme other {AFTER}
voucher round plan x2 --programme other {AFTER}
voucher schedule show {AFTER}
"""


def test_what_a_fuller_town_prints(
    session: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, bless: bool
) -> None:
    monkeypatch.setenv("VOUCHER_ACTOR", "mei")
    for name, text in TOWN.items():
        (here / name).write_text(text, "utf-8")
    whole = TOWN["merchants2.csv"].replace(",无号,,,,,\n", "")
    (here / "merchants3.csv").write_text(whole, "utf-8")
    lines: list[str] = []
    for line in filter(None, FULLER.splitlines()):
        words = tuple(shlex.split(line)[1:])
        ran = session(*words)
        if words != ("init",):
            lines += transcript(words, ran, here)
    for path in sorted(here.glob("draws/*")) + sorted(here.glob("outbox/*/*")):
        lines += [
            f"== {path.relative_to(here)}",
            *steady(path.read_text("utf-8"), here).split("\n"),
        ]
    same("town.txt", lines, bless=bless)
