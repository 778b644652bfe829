"""Help pages in both languages: folded by the width of Chinese characters, Typer's own words
translated, nothing cut short.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from vouchercli.cli.language import t, translate_stand_ins
from vouchercli.cli.options import PANEL
from vouchercli.cli.wrapping import cells, fold

if TYPE_CHECKING:
    from collections.abc import Iterable

# what Typer adds to an option's help: [default: 100; x>=1; required]
EXTRAS = r" *\[(?P<extras>[^\[\]]*)\]$"
AT_LEAST = r"x>=(?P<least>\d+)"
BETWEEN = r"(?P<least>\d+)<=x<=(?P<most>\d+)"
EXAMPLES = r"Examples?: (voucher .*)"
# an option stays with its value
SHELL_WORDS = r"""(?:--?[\w-]+\s+(?!-))?(?:[^\s"']|"[^"]*"|'[^']*')+"""
TERM_AT_MOST = 30

Formatter: Any = typer.Context.formatter_class


def break_command(command: str, width: int) -> list[str]:
    """A command in lines that a shell reads as one: broken between its words, each line but the
    last ending in a backslash.
    """
    lines = [""]
    for word in re.findall(SHELL_WORDS, command):
        if lines[-1] and cells(f"{lines[-1]} {word}") > width - 2:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


class Page(Formatter):  # type: ignore[misc]
    """One help page."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """How the command is written."""
        start = f"{t('Usage: ')}{prog} "
        # Typer's braces around required values are left out
        words = translate_stand_ins(re.sub(r"[{}]", "", args))
        first, *rest = fold(words, self.width - cells(start)).split("\n")
        self.write("\n".join([start + first, *(" " * cells(start) + line for line in rest)]) + "\n")

    def write_heading(self, heading: str) -> None:
        """What follows: options, arguments, commands."""
        self.write(t("{heading}:", {"heading": t(heading)}) + "\n")

    def write_text(self, text: str) -> None:
        """A paragraph; or examples, each on a line of its own, to be copied as it stands."""
        indent = " " * self.current_indent
        if match := re.fullmatch(EXAMPLES, text):
            examples = match[1].split("; ")
            self.write(f"{indent}{t('Examples:' if len(examples) > 1 else 'Example:')}\n")
            lines = [
                f"  {line}"
                for example in examples
                for line in break_command(example, self.width - len(indent) - 2)
            ]
        else:
            lines = fold(text, self.width - len(indent)).split("\n")
        self.write("".join(f"{indent}{line}\n" for line in lines))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = TERM_AT_MOST, col_spacing: int = 2
    ) -> None:
        """Names and what they mean, side by side."""
        pairs = [(translate_stand_ins(term), explain(meaning)) for term, meaning in rows]
        column = min(max(cells(term) for term, _ in pairs), col_max) + col_spacing
        indent, margin = " " * self.current_indent, " " * (self.current_indent + column)
        for term, meaning in pairs:
            lines = fold(meaning, self.width - len(margin)).split("\n")
            if cells(term) + col_spacing <= column:
                self.write(
                    f"{indent}{term}{' ' * (column - cells(term))}{lines.pop(0)}".rstrip() + "\n"
                )
            else:
                self.write(f"{indent}{term}\n")
            self.write("".join(f"{margin}{line}\n" for line in lines))


def explain(meaning: str) -> str:
    """An option's help with what Typer adds to it put into words."""
    match = re.search(EXTRAS, meaning)
    if not match:
        return t(meaning)  # of a parameter that Typer adds itself
    extras = t("; ").join(_extra(extra) for extra in match["extras"].split("; "))
    return f"{meaning[: match.start()]} [{extras}]".strip()


def _extra(extra: str) -> str:
    if extra.startswith("default: "):
        return t("default: {value}", {"value": extra.removeprefix("default: ")})
    return limits(extra)


def limits(extra: str) -> str:
    """`x>=1` in words; anything else translated as it is."""
    if at_least := re.fullmatch(AT_LEAST, extra):
        return t("at least {least}", at_least.groupdict())
    if between := re.fullmatch(BETWEEN, extra):
        return t(
            "{least} to {most}",
            {name: f"{int(value):,}" for name, value in between.groupdict().items()},
        )
    return t(extra)


class Context(typer.Context):
    """Typer's context, with our pages."""

    formatter_class = Page


SHARED = ("Options", "Options of every command")


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """What a command takes: its arguments, the options of its own, and apart from these the ones
    that every command has.
    """
    told = [(each, each.get_help_record(ctx)) for each in command.get_params(ctx)]
    seen = [(each, record) for each, record in told if record is not None]
    parts = {"Arguments": [], SHARED[0]: [], SHARED[1]: []}  # type: dict[str, list[Any]]
    for each, record in seen:
        is_shared = each.name in PANEL and ctx.parent is not None
        is_argument = each.param_type_name == "argument"
        parts["Arguments" if is_argument else SHARED[is_shared]].append(record)
    for heading, records in parts.items():
        if heading == SHARED[1] and hasattr(command, "format_commands"):
            command.format_commands(ctx, formatter)
        if records:
            with formatter.section(heading):
                formatter.write_dl(records)


def dress(command: Any) -> None:
    """Give a command and its subcommands our pages and the chosen language."""
    command.format_options = partial(write_options, command)
    command.context_class = Context
    command.no_args_is_help = False  # a forgotten verb is a fault: see cli/usage_errors.py
    command.help = command.short_help = t(" ".join((command.help or "").split()))
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = t(parameter.help)
    for child in getattr(command, "commands", {}).values():
        if child is not None:
            dress(child)
