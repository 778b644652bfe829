"""The errors of the command-line parser, in our own words and in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vouchercli.cli.help import limits
from vouchercli.cli.language import t, translate_stand_ins
from vouchercli.errors import UsageFault
from vouchercli.slips import slip_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# The parser's sentence -> ours; its named groups fill our places.
COMPLAINTS = (
    (r"Missing command\.", "say which command"),
    (r"Missing argument '(?P<what>.*)'\.", "{what} is missing"),
    (r"Missing option '(?P<what>.*)'\.", "the option {what} is missing"),
    (
        r"No such command '(?P<what>.*)'\. Did you mean (?P<known>.*)\?",
        "there is no command {what}; did you mean {known}?",
    ),
    (r"No such command '(?P<what>.*)'\.", "there is no command {what}"),
    (
        r"No such option: (?P<what>.*) \(Possible options: (?P<known>.*)\)",
        "there is no option {what}; did you mean {known}?",
    ),
    (r"No such option: (?P<what>.*)", "there is no option {what}"),
    (r"Option '(?P<what>.*)' requires an argument\.", "the option {what} needs a value"),
    (r"Option '(?P<what>.*)' does not take a value\.", "the option {what} takes no value"),
    (
        r"Got unexpected extra argument\(s\) \((?P<what>.*)\)",
        "too many words: {what}; put quotes around a value with blanks",
    ),
    (  # the next option stands where its value should
        r"Invalid value for '(?P<what>.*)': '--.*' is not a valid .*\.",
        "the option {what} needs a value",
    ),
    (
        r"Invalid value for '(?P<what>.*)': '(?P<value>.*)' is not a valid .*\.",
        "{what}: {value} is not a whole number",
    ),
    (
        r"Invalid value for '(?P<what>.*)': (?P<value>.*) is not in the range (?P<range>.*)\.",
        "{what} must be {range}, not {value}",
    ),
)


def fault(error: Any) -> UsageFault:
    """The parser's error as a `UsageFault`; a sentence without a translation stays as it is."""
    path = error.ctx.command_path if error.ctx else "voucher"
    if getattr(error, "possibilities", None):  # compared with their dashes every two are alike
        error.possibilities = meant(error.option_name, error.possibilities)
    return UsageFault(
        "usage",
        "{message}",
        hint="{path} --help",
        path=path,
        message=_translate(" ".join(error.format_message().split())),
    )


def meant(written: str, known: Iterable[str]) -> list[str]:
    """The options that were probably meant: a slip of letters, or one that begins as the other
    does. A day's limit is not offered for a week's.
    """
    names = [*known]
    slip = slip_of(written, names)
    return [slip] if slip else [each for each in names if each.startswith(written)]


def _translate(sentence: str) -> str:
    for pattern, text in COMPLAINTS:
        if match := re.fullmatch(pattern, sentence, re.DOTALL):
            return t(text, _values_of(match))
    return sentence


def _values_of(match: re.Match[str]) -> dict[str, str]:
    given = {name: value.replace("' / '", ", ") for name, value in match.groupdict().items()}
    if "range" in given:
        given["range"] = limits(given["range"])
    return given | {
        "what": translate_stand_ins(given.get("what", "")),
        "known": given.get("known", "").replace("'", ""),
    }
