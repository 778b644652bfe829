"""What the city's office does: it founds the programme, plans rounds and amends them, and changes the
rules. Each deed goes through the real commands, and then stands in the city's rules.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import small_city
from small_city import shown, yuan

if TYPE_CHECKING:
    from city_rules import Pack, Rules
    from life import Life


def found(life: Life) -> None:
    """The file, the programme, the first pack and the merchants."""
    rules = life.city.rules
    shops = "".join(f"{number},店,西湖区\n" for number in rules.merchants)
    _write("programme.yaml", programme(rules))
    _write("pack.yaml", template(rules.packs[0]))
    Path("shops.csv").write_text("merchant_no,name,district\n" + shops, "utf-8")
    for words in (
        "init",
        "programme load programme.yaml",
        "template add pack.yaml",
        "merchant import shops.csv",
    ):
        life.do(*words.split())


def programme(rules: Rules) -> dict[str, Any]:
    return {
        "programme": "town",
        "name": {"zh": "小镇", "en": "Town"},
        "time_zone": "Asia/Shanghai",
        "funders": {
            "treasury": {"kind": "public", "amount": "1000000.00"},
            "shop": {"kind": "platform"},
        },
        "refunds": rules.policy,
        "limits": {"packs_per_resident_per_round": 1_000},
        "unused_after_days": 90,
    }


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
    terms = ["--template", f"pack@{round_.pack.version}", "--packs", str(round_.packs)]
    terms += ["--opens-at", shown(round_.opens_at), "--closes-at", shown(round_.closes_at)]
    life.do("round", "create", round_.code, *terms, "--actor", "mei")
    life.do("round", "submit", round_.code, "--actor", "mei")
    approve = ("round", "approve", round_.code, "--actor", "lin")
    life.do(*approve, codes=(0, 3), trouble=life.trouble())


def amend(life: Life) -> None:
    """A round gets more packs, is paused or goes on; what became of it is asked."""
    round_ = life.chance.choice(life.city.rules.rounds[-3:])
    is_paused = bool(round_.pauses) and round_.pauses[-1][1] is None
    what = life.chance.choice(("top-up", "resume" if is_paused else "pause"))
    more = ("--packs", str(life.chance.randint(1, 4))) if what == "top-up" else ()
    trouble = life.trouble()
    life.do("round", what, round_.code, *more, "--actor", "mei", codes=(0, 3), trouble=trouble)
    if what != "pause":
        approve = ("round", "approve", round_.code, "--actor", "lin")
        life.do(*approve, codes=(0, 3), trouble=trouble)
    data = life.do("round", "show", round_.code, "-o", "json").data
    life.city.amend(round_.code, packs=data["packs"], is_paused=data["state"] == "paused")


def renew_pack(life: Life) -> None:
    """A new version of the pack; rounds that are planned later may take it."""
    packs = life.city.rules.packs
    packs.append(small_city.draw_pack(life.chance, len(packs) + 1))
    _write("pack.yaml", template(packs[-1]))
    life.do("template", "add", "pack.yaml", trouble=life.trouble())
