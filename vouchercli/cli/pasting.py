"""Commands inside sentences are there to be pasted: each names the program, the database and the
programme as the command did that it answers.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from vouchercli.cli.nouns import NOUNS, WITHOUT_DATABASE

NAME = "voucher"
OF_PROGRAMME = (  # a command to its end; what stands in quotes is one word of it
    r"voucher (?:round|claim|redemption|report|application|eligibility|draw|fund|ledger|day"
    r"|correction|merchant (?:approve|reject))"
    r""" (?:"[^"]*"|[^",;:，；：。）)])*(?:"[^"]*"|[^",;:，；：。）)\s])"""
)
NAMES_IT = "--programme|--help"
START = r"(?<![A-Za-z0-9_./-])voucher "  # also after a Chinese character
OPENS = "|".join(noun for noun in NOUNS if noun not in WITHOUT_DATABASE)
OF_DATABASE = rf"{START}(?=(?:{OPENS})\b)"
ANY = rf"{START}(?=--(?:db|help)\b|(?:{'|'.join(NOUNS)}|help)\b)"
HAS_DATABASE = r"[^,;，；。\n]*--db\b"
_started: list[str] = []  # how the console script was called; empty where main() was


def started_as(called: str) -> None:
    """Keep how this process was started, as the shell gives it."""
    _started[:] = [called]


def program() -> str:
    """How this very program is called: `voucher`, or the way to it when the shell would not find
    it by that name.
    """
    if not _started:
        return NAME
    # only where something is said to be pasted
    import shlex
    import shutil

    started = Path(_started[0])
    if started.name == "__main__.py":  # python -m vouchercli
        return f"{shlex.quote(sys.executable)} -m vouchercli"
    if started.name != NAME:  # another program that calls this one
        return NAME
    known = shutil.which(NAME)
    # a caller may pass the bare name as argv[0]: then there is no such file to compare with
    is_known = not started.exists() or (known and started.samefile(known))
    return NAME if is_known else shlex.quote(str(started.absolute()))


def for_programme(text: str, programme: str | None) -> str:
    """A sentence whose commands name the programme too, as the command did that it answers: in a
    file that holds several, a hint without it would be refused.
    """
    if programme is None:
        return text
    return re.sub(
        OF_PROGRAMME,
        lambda match: (
            match[0] if re.search(NAMES_IT, match[0]) else f"{match[0]} --programme {programme}"
        ),
        text,
    )


def for_database(text: str, db: object) -> str:
    """The same for a database named with --db (VOUCHER_DB is there for the next command too)."""
    if db is None:
        return text
    import shlex  # only where a database is named

    named = f"{NAME} --db {shlex.quote(str(db))} "
    return re.sub(
        OF_DATABASE,
        lambda match: match[0] if re.match(HAS_DATABASE, text[match.end() :]) else named,
        text,
    )


def for_shell(text: str) -> str:
    """The same with the way to the program, where the shell does not know its name."""
    called = program()
    return text if called == NAME else re.sub(ANY, lambda match: f"{called} ", text)
