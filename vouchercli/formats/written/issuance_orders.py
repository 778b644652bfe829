"""How a platform is told to issue a round: `configs/orders/*.yaml` say it in the platform's terms;
without one, in ours.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs import locate, schema, yamls
from vouchercli.formats.configs.schema import choice, either, integer, listing, mapping, table, text
from vouchercli.formats.written.formulas import disarmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
FILE = mapping(
    {
        "order": text(required=True, pattern=r"[a-z0-9][a-z0-9-]*", example="wechat"),
        "also": listing(text()),
        "name": mapping({"zh": text(required=True), "en": text(required=True)}),
        "source": text(),
        "rows": choice("coupon", "pack"),
        "unit": choice("yuan", "fen"),
        "lead": text(pattern=r"[0-9]{1,4}[dhm]", example="2d"),
        "limits": mapping(
            {
                "window_days": integer(least=1),
                "name_characters": integer(least=1),
                "name_without": text(),
                "vouchers_per_resident": integer(least=1),
                "vouchers": integer(least=1),
                "kinds": listing(choice("amount_off", "percent_off"), least=1),
            }
        ),
        "columns": table(
            either(choice(*OURS), mapping({"value": text(required=True)})), required=True, least=1
        ),
    }
)


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
    wanted = platform.strip().casefold()
    for name in locate.names("orders"):
        path = locate.find("orders", name)
        document = yamls.read(path, locate.shown(path))
        document.refuse(schema.check(document, FILE))
        if wanted in {
            each.casefold() for each in (document.value["order"], *document.value.get("also", ()))
        }:
            return _built(document.value)
    return PLAIN


def _built(said: dict[str, Any]) -> OrderProfile:
    limits = said.get("limits", {})
    return OrderProfile(
        order=said["order"],
        rows=said.get("rows", "coupon"),
        is_fen=said.get("unit") == "fen",
        columns=said["columns"],
        lead_seconds=_seconds(said.get("lead", "0m")),
        limits=Limits(**limits | {"kinds": tuple(limits.get("kinds", ()))}),
    )


def _seconds(lead: str) -> int:
    """`2d`, `12h`, `30m` in seconds."""
    return int(lead[:-1]) * {"d": 86_400, "h": 3_600, "m": 60}[lead[-1]]


def in_their_terms(
    profile: OrderProfile, rows: Iterable[dict[str, Any]], yuan: Any
) -> list[dict[str, Any]]:
    """Our rows (amounts in fen) as the platform writes them; `yuan` turns fen into text."""

    def cell(said: str | dict[str, str], row: dict[str, Any]) -> Any:
        if isinstance(said, dict):
            return said["value"]
        value = row[said]
        return (
            yuan(value) if said in AMOUNTS and value is not None and not profile.is_fen else value
        )

    return [{theirs: cell(said, row) for theirs, said in profile.columns.items()} for row in rows]


def sheet(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV; a text that a spreadsheet would run is disarmed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(["" if value is None else disarmed(str(value)) for value in row.values()])
    return out.getvalue()
