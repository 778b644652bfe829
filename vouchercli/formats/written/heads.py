"""Heads of the log that were noted elsewhere: one a line, however the line looks around it."""

from __future__ import annotations

import re

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files

HEAD = re.compile(r"(?<![0-9a-z-])\d{1,15}:[0-9a-f]{64}(?![0-9a-z])")
DAY = re.compile(r"(?<![0-9a-z])\d{4}-\d\d-\d\d:[0-9a-f]{64}(?![0-9a-z])")


def read(path: str) -> list[tuple[int, str]]:
    """(line of the file, head) of each head, of the log and of days, in the order of the file.
    Raises `bad_heads` for a line with several heads of the log or none at all and a file without
    any, and what `whole_files.read` raises.
    """
    text = whole_files.read(path).decode("utf-8", "replace")
    heads = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found, days = HEAD.findall(line.casefold()), DAY.findall(line.casefold())
        if len(found) > 1 or not (found or days):
            raise _bad_heads(f"{path}:{number}")
        heads += [(number, each) for each in (*found, *days)]
    if not heads:
        raise _bad_heads(path)
    return heads


def _bad_heads(where: str) -> VoucherError:
    return VoucherError(
        "bad_heads",
        "{place}: no head of a log stands here, or more than one",
        hint="one head a line, number:digest, as audit head shows it and the tick writes it",
        place=where,
    )
