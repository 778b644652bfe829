"""Shared options that no command, or not the one at hand, could make sense of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.cli.language import LANGUAGES
from vouchercli.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def refuse_misuse(
    command: str,
    output: str,
    given: Mapping[str, Any],
    *,
    looks_back: bool,
    is_list: bool,
    has_workbook: bool,
) -> None:
    """Refuse what was given, before anything is done, when no command, or not this one, could make
    sense of it. Raises `UsageFault`.
    """
    if (lang := given.get("lang")) not in (None, *LANGUAGES):
        raise UsageFault(
            "usage",
            "there is no language {lang}",
            hint="choose one of: {known}",
            lang=lang,
            known=", ".join(LANGUAGES),
        )
    for option in ("actor", "programme", "now", "as_of"):
        if given.get(option) == "":  # an unset variable of a script, not a wish
            raise UsageFault(
                "usage",
                "the option {what} needs a value",
                hint="{path} --help",
                what=f"--{option.replace('_', '-')}",
                path=f"voucher {command}",
            )
    if given.get("excel") and output != "csv":
        raise UsageFault(
            "excel_is_csv",
            "--excel writes CSV, not {output}",
            hint="leave out -o, or --excel",
            output=output,
        )
    if output == "jsonl" and not is_list:
        raise UsageFault(
            "no_json_lines",
            "voucher {command} is no list: it answers with one document, not row by row",
            hint="write -o json in place of -o jsonl",
            command=command,
        )
    if output == "xlsx" and not has_workbook:
        raise UsageFault(
            "no_workbook",
            "voucher {command} gives no workbook",
            hint="write -o csv in place of -o xlsx: a spreadsheet opens it too",
            command=command,
        )
    if given.get("as_of") is not None and not looks_back:
        raise UsageFault(
            "no_as_of",
            "voucher {command} shows and uses what is known now: it takes no --as-of",
            hint="leave it out; or: voucher report rounds --as-of {as_of}",
            command=command,
            as_of=given["as_of"],
        )
