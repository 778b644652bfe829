"""How a platform is told to issue a round: `configs/orders/*.yaml` say it in the platform's terms;
without one, in ours.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.formats.configs import locate, yamls
from vouchercli.formats.configs.profiles import both_names
from vouchercli.formats.written.formulas import disarm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.documents import Fault

AMOUNTS = ("denomination", "threshold", "amount")
OURS = (
    "order_no",
    "programme",
    "round",
    "name_zh",
    "name_en",
    "coupon",
    "kind",
    "count",
    "packs",
    "vouchers",
    "denomination",
    "threshold",
    "percent",
    "amount",
    "packs_per_resident",
    "vouchers_per_resident",
    "opens_at",
    "closes_at",
    "last_use_at",
    "validity_minutes",
    "merchants",
    "merchants_sha256",
    "channel",
)
KEYS = ("order", "also", "name", "source", "rows", "unit", "lead", "limits", "columns")
SECONDS = {"d": 86_400, "h": 3_600, "m": 60}


@dataclass(frozen=True)
class Limits:
    """What the platform does not take; None or empty: no limit."""

    window_days: int | None = None
    name_characters: int | None = None
    name_without: str = ""
    vouchers_per_resident: int | None = None
    vouchers: int | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class OrderProfile:
    """A platform's terms: its columns, each one of ours or a value that is always the same; how
    long before the opening it wants the order.
    """

    order: str
    rows: str
    is_fen: bool
    limits: Limits
    columns: dict[str, str | dict[str, str]] = field(default_factory=dict)
    lead_seconds: int = 0


PLAIN = OrderProfile("", "coupon", False, Limits(), {name: name for name in OURS})


def profile_of(platform: str) -> OrderProfile:
    """The order profile of a platform, by its name or another it goes by; our own terms when there
    is none.

    Raises `VoucherError` bad_yaml with every fault of any order profile here.
    """
    platform_key = platform.strip().casefold()
    for name in locate.names("orders"):
        profile, also = yamls.unchanged(locate.find("orders", name), read)
        if platform_key in {each.casefold() for each in (profile.order, *also)}:
            return profile
    return PLAIN


def read(document: Any) -> tuple[tuple[OrderProfile, tuple[str, ...]], list[Fault]]:
    """The order profile of a document with the other names of its platform, and every fault."""
    node = Node(document)
    top = node.fields(KEYS, ("order", "columns"))
    both_names(top["name"])
    top["source"].text()
    lead = top["lead"].form(r"[0-9]{1,4}[dhm]", "2d") or "0m"
    profile = OrderProfile(
        order=top["order"].form(r"[a-z0-9][a-z0-9-]*", "wechat"),
        rows=top["rows"].choice(("coupon", "pack"), "coupon"),
        is_fen=top["unit"].choice(("yuan", "fen")) == "fen",
        limits=_limits(top["limits"]),
        columns={theirs: _cell(ours) for theirs, ours in top["columns"].entries(least=1)},
        lead_seconds=int(lead[:-1]) * SECONDS[lead[-1]],
    )
    return (profile, top["also"].texts()), node.faults


def _limits(node: Node) -> Limits:
    most = ("window_days", "name_characters", "vouchers_per_resident", "vouchers")
    part = node.fields((*most, "name_without", "kinds"))
    return Limits(
        name_without=part["name_without"].verbatim(""),
        kinds=tuple(
            kind.choice(("amount_off", "percent_off")) for kind in part["kinds"].items(least=1)
        ),
        **{key: part[key].whole() or None for key in most},
    )


def _cell(node: Node) -> str | dict[str, str]:
    """One of our columns, or `{value: ...}`: what is always the same."""
    if isinstance(node.value, dict):
        return {"value": node.fields(("value",), ("value",))["value"].text()}
    return node.choice(OURS)


def in_their_terms(
    profile: OrderProfile, rows: Iterable[dict[str, Any]], yuan: Any
) -> list[dict[str, Any]]:
    """Our rows (amounts in fen) as the platform writes them; `yuan` turns fen into text."""

    def cell(source: str | dict[str, str], row: dict[str, Any]) -> Any:
        if isinstance(source, dict):
            return source["value"]
        value = row[source]
        return (
            yuan(value) if source in AMOUNTS and value is not None and not profile.is_fen else value
        )

    return [
        {theirs: cell(source, row) for theirs, source in profile.columns.items()} for row in rows
    ]


def winners_sheet(application_nos: Iterable[str]) -> str:
    """The list of the winners that goes with an order: their application numbers, one on each
    line, as the list of entrants has them (none of them begins like a formula).
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["application_no"])
    writer.writerows([number] for number in application_nos)
    return out.getvalue()


def sheet(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV; a text that a spreadsheet would run is disarmed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(["" if value is None else disarm(str(value)) for value in row.values()])
    return out.getvalue()
