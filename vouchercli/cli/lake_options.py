"""The options of reports that can be asked of a lake too, and what they ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from vouchercli.cli.options import Call, empty_window, read_moment, split_codes
from vouchercli.errors import UsageFault
from vouchercli.rules import times

if TYPE_CHECKING:
    from vouchercli.ops.lake.asking import Asked

OF_LAKES = {
    "lake": Annotated[
        Optional[Path],
        typer.Option(
            "--lake", metavar="DIR", help="Of all cities of this lake (docs/province.md)."
        ),
    ],
    "engine": Annotated[
        Optional[str],
        typer.Option(
            "--engine",
            metavar="NAME",
            help="Who reads the lake: local (this process), or Spark: spark://HOST:PORT, local[N], "
            "sc://HOST.",
        ),
    ],
    "places": Annotated[
        Optional[list[str]],
        typer.Option(
            "--city",
            metavar="CODE[,CODE...]",
            help="Of a lake only these cities or provinces (GB/T 2260).",
        ),
    ],
    "expect": Annotated[
        Optional[list[str]],
        typer.Option(
            "--expect", metavar="CODE[,CODE...]", help="Cities that should be in the lake."
        ),
    ],
    "allow_partial": Annotated[
        bool,
        typer.Option("--allow-partial", help="Exit 0 also where a city or a file is missing."),
    ],
}


def is_of_lake(more: Mapping[str, Any]) -> bool:
    """Whether a lake is asked. Raises `UsageFault` no_lake_named for options of lakes alone."""
    if more["lake"] is None and any(more[name] for name in OF_LAKES):
        raise UsageFault(
            "no_lake_named",
            "--engine, --city, --expect and --allow-partial are about a lake",
            hint="add --lake DIR",
        )
    return more["lake"] is not None


def asked_of_lake(
    call: Call,
    more: Mapping[str, Any],
    *,
    rounds: list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
    **no: Any,
) -> Asked:
    """What is asked of a lake; `no` are options that a lake does not know. Raises `UsageFault`
    not_of_lakes, bad_time_option, empty_window.
    """
    from vouchercli.ops.lake.asking import Asked  # only for a lake
    from vouchercli.ops.lake.engines import LOCAL

    for name, value in no.items():
        if value:
            raise UsageFault(
                "not_of_lakes",
                "--{option} cannot be asked of a lake",
                hint="leave it out, or ask a city's own file",
                option=name.replace("_", "-"),
            )
    first = None if since is None else read_moment(since, times.HOME_ZONE, "--since")
    as_of, last = (
        None if end is None else _last_second(end) for end in (call.given.get("as_of"), until)
    )
    if first is not None and last is not None and first > last:
        raise empty_window()
    return Asked(
        root=more["lake"],
        engine=more["engine"] or LOCAL,
        now=call.present(),
        places=split_codes(more["places"]),
        programme=call.programme,
        expected=split_codes(more["expect"]),
        only=split_codes(rounds),
        since=first,
        as_of=min((end for end in (as_of, last) if end is not None), default=None),
        allow_partial=more["allow_partial"],
    )


def _last_second(text: str) -> int:
    """The last second that a time means: of a day its end."""
    start = read_moment(text, times.HOME_ZONE, "--as-of")
    end = read_moment(text, times.HOME_ZONE, "--as-of", end_of_day=True)
    return start if start == end else end - 1
