"""Every English template of the code: the sentences that a person reads, and the values that are
given to fill them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from string import Formatter

from source import Module, called, calls, modules, text_of

ERRORS = ("VoucherError", "UsageFault", "Busy", "Stopped", "Declined")


@dataclass(frozen=True)
class Carrier:
    """A call that carries a sentence: the places of code, text and hint (a name: only by name), and
    where the values come from.

    `params` is the place of a dict of values; None: the keywords but `taken`. `always` are values
    that the callee adds.
    """

    text: int
    code: int | None = None
    hint: int | None = None
    params: int | None = None
    taken: tuple[str, ...] = ("hint", "where", "problems", "key")
    always: tuple[str, ...] = ()


CARRIERS = {
    **{name: Carrier(1, code=0, hint=99) for name in ERRORS},
    "Problem": Carrier(1, code=0, hint=3, params=5),
    "_fault": Carrier(2, code=1, taken=()),  # formats.yamls, of YAML itself
    "Fault": Carrier(2, code=1, hint=3, params=4),  # documents
    "fault": Carrier(1, code=0, hint=2, taken=("at_key",), always=("offending",)),  # documents.Node
    "unlike": Carrier(1, code=0, taken=("at_key",), always=("offending",)),  # documents.Node
    "say": Carrier(0, taken=()),
    "Message": Carrier(0, params=1),
    "t": Carrier(0, params=1),
    "add_import": Carrier(2, taken=()),
}
NAMES = {"hint": ("hint", "suggestion"), "params": ("params",), "text": ("text",)}
# What only names a command to run, or the way a person types it, needs no translation.
COMMAND = re.compile(r"(voucher|chmod|make|--[a-z-]+|\{path\}|\{program\}) [^,;:，；：]*|\{\w+\}")
SAYS_NOTHING = re.compile(r"(\{\w*\}|[\W\d_])*")


@dataclass(frozen=True)
class Template:
    """A sentence, where it stands, and the names given to fill it (None: not known here)."""

    text: str
    where: str
    given: frozenset[str] | None = None
    is_hint: bool = False

    @property
    def placeholders(self) -> set[str]:
        return placeholders(self.text)

    @property
    def needs_chinese(self) -> bool:
        is_command = self.is_hint and COMMAND.fullmatch(self.text)
        return not is_command and not SAYS_NOTHING.fullmatch(self.text)


def placeholders(text: str) -> set[str]:
    """The names between braces."""
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(text) if name}


def literals(node: ast.AST | None, constants: dict[str, ast.expr]) -> list[str] | None:
    """The strings an expression can be: a constant, either arm of `a if x else b`, a name of this
    module; else None.
    """
    if node is None:
        return []
    if (text := text_of(node)) is not None:
        return [text]
    if isinstance(node, ast.IfExp):
        arms = [literals(node.body, constants), literals(node.orelse, constants)]
        return None if None in arms else [text for arm in arms for text in arm or []]
    if isinstance(node, ast.Name) and node.id in constants:
        return literals(constants[node.id], constants)
    return None


def constants_of(module: Module) -> dict[str, ast.expr]:
    """Module-level NAME = expression."""
    found = {}
    for node in module.tree.body:
        if (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
        ):
            found[node.targets[0].id] = node.value
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.value is not None
        ):
            found[node.target.id] = node.value
    return found


def argument(call: ast.Call, position: int | None, *names: str) -> ast.expr | None:
    """An argument by its place, else by one of its names."""
    if position is not None and len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def given_names(call: ast.Call, *, taken: tuple[str, ...]) -> frozenset[str] | None:
    """The keyword names of a call but `taken`; None with `**anything`."""
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    return frozenset(
        keyword.arg for keyword in call.keywords if keyword.arg and keyword.arg not in taken
    )


def dict_names(node: ast.expr | None) -> frozenset[str] | None:
    """The keys of a dict display; none without one; None when it is not a display of constants."""
    if node is None:
        return frozenset()
    if isinstance(node, ast.Dict) and all(
        key is not None and text_of(key) is not None for key in node.keys
    ):
        return frozenset(str(text_of(key)) for key in node.keys if key)
    return None


def of(module: Module) -> list[Template]:
    """Every template of one module."""
    constants = constants_of(module)
    found: list[Template] = []
    for call in calls(module.tree):
        where = f"{module.name}:{call.lineno}"
        for node, given, is_hint in _sentences(call):
            found += [
                Template(text, where, given, is_hint)
                for text in literals(node, constants) or []
                if text
            ]
    return found + _docstrings(module) + _tables(module, constants)


def carrier(call: ast.Call) -> Carrier | None:
    """What carries a sentence in this call."""
    return CARRIERS.get(called(call).split(".")[-1])


def _sentences(call: ast.Call) -> list[tuple[ast.expr | None, frozenset[str] | None, bool]]:
    """The sentences of one call, the names given to fill each, and whether it is a hint."""
    if found := carrier(call):
        given = (
            dict_names(argument(call, found.params, "params"))
            if found.params
            else given_names(call, taken=found.taken)
        )
        given = given | set(found.always) if given is not None else None
        hint = argument(call, found.hint, *NAMES["hint"]) if found.code is not None else None
        return [(argument(call, found.text, "text"), given, False), (hint, given, True)]
    name = called(call).split(".")[-1]
    if name == "Column":
        return [
            (argument(call, 1, "label"), frozenset(), False),
            (argument(call, None, "blank"), frozenset(), False),
        ]
    if name == "Title":  # `reports.spans`: a sentence for each way to look at a time
        texts = [*call.args, *(each.value for each in call.keywords)]
        return [(each, None, False) for each in texts]
    if name == "Word":
        return [(argument(call, 0), frozenset(), False)]
    if called(call) in ("typer.Option", "typer.Argument"):
        return [(argument(call, None, "help"), None, False)]
    return []


def _docstrings(module: Module) -> list[Template]:
    """The help of commands and of groups."""
    if module.room != "cli":
        return []
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(each) for each in node.decorator_list]
            text = " ".join((ast.get_docstring(node) or "").split())
            if text and any(each.startswith(("command(", "app.callback(")) for each in decorators):
                found.append(Template(text, f"{module.name}:{node.lineno}"))
    return found


def _tables(module: Module, constants: dict[str, ast.expr]) -> list[Template]:
    """Sentences that stand in tables: the nouns' help, the reasons of rejects."""
    found = []
    if module.name == "vouchercli.cli.nouns" and isinstance(nouns := constants["NOUNS"], ast.Dict):
        found += [
            Template(str(text_of(value.elts[1])), module.name)
            for value in nouns.values
            if isinstance(value, ast.Tuple)
        ]
    if module.name == "vouchercli.rules.reasons":
        for name in ("REJECTS", "WARNINGS"):
            tree = constants[name]
            texts = (
                [text_of(node) for value in tree.values for node in ast.walk(value)]
                if isinstance(tree, ast.Dict)
                else []
            )
            found += [Template(text, f"{module.name}.{name}") for text in texts if text]
    return found


def everywhere() -> list[Template]:
    """Every template of the project."""
    return [template for module in modules() if ".zh" not in module.name for template in of(module)]
