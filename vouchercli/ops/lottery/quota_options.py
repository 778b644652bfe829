"""The quotas of a draw as people give them: options of the command line, or a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault
from vouchercli.formats.configs import schema
from vouchercli.rules import draws as law

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = schema.mapping(
    {
        "strata": schema.listing(
            schema.mapping(
                {
                    "district": schema.text(),
                    "group": schema.text(),
                    "quota": schema.integer(required=True, least=1),
                }
            ),
            required=True,
            least=1,
        )
    }
)


def read(given: Sequence[str], file: str | None) -> tuple[law.Stratum, ...] | None:
    """The strata of the options, then those of the file; None when neither says any.

    Raises `bad_stratum`, `stratum_twice`, and `bad_yaml` with every fault of the file.
    """
    strata = [_option(text) for text in given] + (_file(file) if file is not None else [])
    if again := law.twice(strata):
        raise UsageFault(
            "stratum_twice",
            "the stratum {stratum} is named twice",
            hint="give each stratum one quota",
            stratum=law.named(again),
        )
    return tuple(strata) or None


def _option(text: str) -> law.Stratum:
    try:
        return law.stratum(text)
    except ValueError as error:
        raise UsageFault(
            "bad_stratum",
            "{text} is not a stratum with its quota",
            hint="write it like district=余杭区:1000 or group=low-income:50",
            text=text,
        ) from error


def _file(path: str) -> list[law.Stratum]:
    document = schema.load(path, FILE)
    document.refuse(
        [
            document.problem(
                "missing_key",
                "the key {offending} is missing here",
                ("strata", number),
                offending="district",
            )
            for number, each in enumerate(document.value["strata"])
            if not {"district", "group"} & set(each)
        ]
    )
    return [
        law.Stratum(each["quota"], each.get("district", ""), each.get("group", ""))
        for each in document.value["strata"]
    ]
