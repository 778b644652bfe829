"""Read the quotas of a draw from options of the command line, or from a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.documents import Node
from vouchercli.errors import UsageFault
from vouchercli.formats.configs import yamls
from vouchercli.rules import draws as law

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.documents import Fault


def read(given: Sequence[str], file: str | None) -> tuple[law.Stratum, ...] | None:
    """Read the strata of the options, then those of the file; None when there are none.

    Raises `bad_stratum`, `stratum_twice`, and `bad_yaml` with every fault of the file.
    """
    strata = [_read_option(text) for text in given] + (
        yamls.checked(file, _read_strata)[0] if file is not None else []
    )
    if again := law.twice(strata):
        raise UsageFault(
            "stratum_twice",
            "the stratum {stratum} is named twice",
            hint="give each stratum one quota",
            stratum=law.named(again),
        )
    return tuple(strata) or None


def _read_option(text: str) -> law.Stratum:
    try:
        return law.stratum(text)
    except ValueError as error:
        raise UsageFault(
            "bad_stratum",
            "{text} is not a stratum with its quota",
            hint="write it like district=余杭区:1000 or group=low-income:50",
            text=text,
        ) from error


def _read_strata(document: Any) -> tuple[list[law.Stratum], list[Fault]]:
    node = Node(document)
    top = node.fields(("strata",), ("strata",))
    return [_read_stratum(item) for item in top["strata"].items(least=1)], node.faults


def _read_stratum(node: Node) -> law.Stratum:
    has_group = isinstance(node.value, dict) and "group" in node.value
    needed = ("quota",) if has_group else ("district", "quota")
    part = node.fields(("district", "group", "quota"), needed)
    return law.Stratum(part["quota"].whole(), part["district"].text(), part["group"].text())
