"""Statements of merchants."""

from __future__ import annotations
import json
from typing import Any
import test_settlements as of
from test_settlements import LATER, WU, town  # noqa: F401


def test_try(town: Any) -> None:
    of.settle(town, "2020-03-27")
    of.send(town, 1)
    of.hear(town, "S1-1,paid,30.00,2020-03-30,B1,,")
    of.pay(town, "late.csv", "R1 C1 1 M1 2020-03-28 11:00 T1")
    open("/tmp/st_out.txt", "a").write("\n" + (town("settlement", "statement", "M1", *LATER).out))
    open("/tmp/st_out.txt", "a").write(
        "\n" + (town("settlement", "statement", "M1", *LATER, "--lang", "zh").err)
    )
    open("/tmp/st_out.txt", "a").write(
        json.dumps(town("settlement", "statement", "M1", "-o", "json", *LATER).data, indent=1)
    )
    open("/tmp/st_out.txt", "a").write(
        "\n"
        + (
            town(
                "settlement", "statement", "--all", "--to", "out", "--form", "html", *LATER, *WU
            ).err
        )
    )
    assert town
