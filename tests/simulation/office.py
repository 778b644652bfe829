"""What the city's office does: it founds the programme, plans rounds and amends them, and changes the
rules. Each deed goes through the real commands, and then stands in the city's rules.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import effects
import payments
import seals
import small_city
from city_rules import Suspension
from small_city import HOUR, shown, yuan

if TYPE_CHECKING:
    from city_rules import Pack, Round, Rules
    from life import Life
    from small_city import City

STAFF = [
    {"name": "mei", "roles": ["maker"]},
    *({"name": name, "roles": ["checker"]} for name in ("lin", "yan")),
    *({"name": name, "roles": ["finance"]} for name in ("wu", "han")),
]
LIMITS = (None, None, 1, 2, 3)  # of packs in the programme, of vouchers at a merchant on a day


def found(life: Life) -> None:
    """The file, the programme, the first pack and the merchants."""
    rules = life.city.rules
    os.environ["VOUCHER_ACTOR"] = "mei"
    if life.city.has_backups:
        _write("backups.yaml", {"hour": 2, "daily": 2, "monthly": 0})
    _write("programme.yaml", programme(life.city))
    _write("pack.yaml", template(rules.packs[0]))
    if life.paying is not None:
        payments.found(life)
    _write_registry(rules, [*rules.merchants])
    for words in (
        "init",
        "programme load programme.yaml",
        "template add pack.yaml",
        "merchant import shops.csv",
    ):
        life.do(*words.split())


def programme(city: City) -> dict[str, Any]:
    return {
        "programme": "town",
        "name": {"zh": "小镇", "en": "Town"},
        "time_zone": "Asia/Shanghai",
        "funders": {
            "treasury": {"kind": "public", "amount": "1000000.00"},
            "shop": {"kind": "platform"},
        },
        "refunds": city.rules.policy,
        "limits": {"packs_per_resident_per_round": 1_000, **_limits(city.rules)},
        "unused_after_days": city.unused_after,
        **({} if city.close_after is None else {"books": {"close_after_days": city.close_after}}),
        **({"staff": STAFF} if city.has_staff else {}),
        **(payments.document(city.terms) if city.terms else {}),
    }


def _limits(rules: Rules) -> dict[str, int]:
    """The limits that were decided last; a limit that is left out is none."""
    names = {"packs_per_resident": rules.person, "vouchers_per_merchant_per_day": rules.visit}
    return {name: steps[-1][1] for name, steps in names.items() if steps[-1][1] is not None}


def template(pack: Pack) -> dict[str, Any]:
    return {
        "template": "pack",
        "name": {"zh": "消费券", "en": f"Voucher {pack.version}"},
        "coupons": [
            {
                "count": 1,
                "kind": "amount_off",
                "denomination": yuan(face),
                "threshold": yuan(least),
            }
            for face, least in pack.coupons
        ],
        "validity": {"days_after_claim": pack.days},
        "funding": {name: f"{share}%" for name, share in pack.funders},
    }


def _write(name: str, document: dict[str, Any]) -> None:
    Path(name).write_text(json.dumps(document), "utf-8")


def plan(life: Life) -> None:
    """A round is drafted, submitted and approved; the tick will open it."""
    round_ = life.city.plan_round()
    approve(life, round_)
    effects.seal(life, round_)


def approve(life: Life, round_: Round, *more: str) -> None:
    terms = ["--template", f"pack@{round_.pack.version}", "--packs", str(round_.packs)]
    terms += ["--per-resident", str(round_.each)]
    terms += ["--opens-at", shown(round_.opens_at), "--closes-at", shown(round_.closes_at)]
    life.do("round", "create", round_.code, *terms, *more, "--actor", "mei")
    life.do("round", "submit", round_.code, "--actor", "mei")
    decide(life, "round", "approve", round_.code, trouble=life.trouble())


def decide(life: Life, *words: str, trouble: str, codes: tuple[int, ...] = (0, 3)) -> None:
    """A second person approves, and a third where the amount may ask for one."""
    life.do(*words, "--actor", "lin", codes=codes, trouble=trouble)
    if life.city.terms is not None and life.city.terms.two_from:
        life.do(*words, "--actor", payments.SECOND, codes=(0, 3), trouble=trouble)


def amend(life: Life) -> None:
    """A round gets more packs, is paused or goes on; what became of it is asked."""
    life.stood = set()
    round_ = life.chance.choice(life.city.free_rounds())
    is_paused = bool(round_.pauses) and round_.pauses[-1][1] is None
    what = life.chance.choice(("top-up", "resume" if is_paused else "pause"))
    more = ("--packs", str(life.chance.randint(1, 4))) if what == "top-up" else ()
    trouble = life.trouble()
    life.do("round", what, round_.code, *more, "--actor", "mei", codes=(0, 3), trouble=trouble)
    if what != "pause":
        decide(life, "round", "approve", round_.code, trouble=trouble)
    data = life.do("round", "show", round_.code, "-o", "json").data
    life.city.amend(round_.code, packs=data["packs"], is_paused=data["state"] == "paused")


def prolong(life: Life) -> None:
    """The vouchers of a round that are out, expired ones too, may be used longer; what became of it
    is asked.
    """
    round_ = life.chance.choice(life.city.free_rounds())
    until = life.city.now + life.chance.choice((6, 30, 60)) * HOUR
    trouble = life.trouble()
    words = ("round", "extend", round_.code, "--until", shown(until), "--note", "rain")
    life.do(*words, "--actor", "mei", codes=(0, 3), trouble=trouble)
    decide(life, "round", "approve", round_.code, trouble=trouble)
    data = life.do("round", "show", round_.code, "-o", "json").data
    if data["vouchers_until_at"] == f"{shown(until).replace(' ', 'T')}+08:00":
        life.city.prolong(round_.code, until)


def renew_pack(life: Life) -> None:
    """A new version of the pack; rounds that are planned later may take it."""
    packs = life.city.rules.packs
    packs.append(small_city.draw_pack(life.chance, len(packs) + 1))
    _write("pack.yaml", template(packs[-1]))
    life.do("template", "add", "pack.yaml", trouble=life.trouble())


def limit(life: Life) -> None:
    """Two people change the limits: claims and payments of before are judged by those of before."""
    rules, now = life.city.rules, life.city.now
    if not life.city.is_strict or rules.visit[-1][0] > now:
        return
    person = life.chance.choice([most for most in LIMITS if most != rules.person[-1][1]])
    rules.limit(now, person=person, visit=life.chance.choice(LIMITS))
    _write("programme.yaml", programme(life.city))
    trouble = life.trouble()
    codes = (0, 3) if trouble else (0,)
    load = ("programme", "load", "programme.yaml", "--actor", "mei")
    life.do(*load, codes=codes, trouble=trouble)
    decide(life, "programme", "approve", trouble=trouble, codes=codes)


# ---------------------------------------------------------------- merchants


def suspend(life: Life) -> None:
    """A merchant is suspended from now or from an hour on, or reinstated."""
    rules, now, trouble = life.city.rules, life.city.now, life.trouble()
    merchant = life.chance.choice(sorted(rules.merchants))
    spans = rules.merchants[merchant]
    if spans and spans[-1].begins > now:
        return
    what, at, why = "reinstate", now, []
    if spans and spans[-1].ends is None:
        rules.end_suspension(merchant, now)
    else:
        what, at, why = "suspend", now + life.chance.choice((0, HOUR)), ["--note", "cash-out"]
        spans.append(Suspension(at, None, is_by_file=False))
    words = ("merchant", what, merchant, "--from", shown(at), *why, "--actor", "mei")
    life.do(*words, codes=(0, 3) if trouble else (0,), trouble=trouble)


def register(life: Life) -> None:
    """The registry comes again: perhaps with somebody new; who is missing is suspended, who was
    missing and is listed again is reinstated.
    """
    rules, now = life.city.rules, life.city.now
    if any(spans and spans[-1].begins > now for spans in rules.merchants.values()):
        return
    listed = sorted(rules.merchants)
    missing = life.chance.choice((*listed, ""))
    if life.chance.random() < 0.3:
        rules.merchants[f"M{len(listed) + 1}"] = []
    listed = [number for number in sorted(rules.merchants) if number != missing]
    for number, spans in rules.merchants.items():
        is_suspended = bool(spans) and spans[-1].ends is None
        if number == missing and not is_suspended:
            spans.append(Suspension(now, None, is_by_file=True))
        elif number != missing and is_suspended and spans[-1].is_by_file:
            rules.end_suspension(number, now)
    changed = payments.change_accounts(life, listed)
    payments.open_accounts(life, listed)
    _write_registry(rules, listed, f"店{shown(now)}")
    words = ("merchant", "import", "shops.csv", "--missing", "suspend", "--actor", seals.MAKER)
    life.do(*words, trouble=life.trouble())
    payments.hold_changed(life, changed)


def _write_registry(rules: Rules, numbers: list[str], name: str = "店") -> None:
    has_accounts, rows = bool(rules.accounts), []
    for number in numbers:
        account = rules.accounts.get(number, "")
        more = f",{name},{account},合成银行" if account else ",,,"
        rows.append(f"{number},{name},西湖区{more if has_accounts else ''}\n")
    head = "merchant_no,name,district" + ",account_name,account_no,bank" * has_accounts
    Path("shops.csv").write_text(f"{head}\n{''.join(rows)}", "utf-8")
