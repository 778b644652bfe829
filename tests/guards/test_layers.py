"""Imports point one way: cli -> ops -> {rules, store, formats}; store -> rules; rules -> nothing.
And the law is pure.
"""

from __future__ import annotations

import ast
import sys

from source import Module, called, calls, modules, none_of, sample

ALL = ("", "errors", "result", "documents")
MAY_IMPORT = {
    "": (*ALL,),
    "errors": ALL,
    "documents": ALL,
    "result": ALL,
    "__main__": (*ALL, "cli"),
    "cli": (*ALL, "cli", "ops"),
    "ops": (*ALL, "ops", "rules", "store", "formats"),
    "store": (*ALL, "store", "rules"),
    "rules": (*ALL, "rules"),
    "formats": (*ALL, "formats"),
}
# Printing needs the shape of money and times, and cells that are safe; the Session is opened where
# the clock enters.
CLI_ALSO = (
    "vouchercli.rules.money",
    "vouchercli.rules.times",
    "vouchercli.rules.resident_tokens",
    "vouchercli.formats.written.formulas",
    "vouchercli.store.db",
)
UNLAWFUL_MODULES = {
    "os",
    "io",
    "time",
    "random",
    "secrets",
    "sqlite3",
    "pathlib",
    "sys",
    "subprocess",
    "socket",
    "urllib",
    "http",
    "logging",
    "shutil",
    "tempfile",
    "glob",
    "threading",
    "asyncio",
    "uuid",
    "locale",
}
CLOCKS = (
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
)
UNLAWFUL_CALLS = (*CLOCKS, "open", "print", "input")


def imported(module: Module) -> list[str]:
    """Dotted names of all that a module imports; `from a import b` gives a.b."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return found


def wrong_ways(module: Module) -> list[str]:
    """Imports against the direction."""
    wrong = []
    for name in imported(module):
        if not name.startswith(("vouchercli", ".")):
            continue
        room = name.split(".")[1]
        is_excused = module.room == "cli" and name.startswith(CLI_ALSO)
        is_ours = name == "vouchercli.__version__"
        if room not in MAY_IMPORT.get(module.room, ()) and not is_excused and not is_ours:
            wrong.append(f"{module.name} imports {name}")
    return wrong


def impurities(module: Module) -> list[str]:
    """What a rule must not touch: files, clock, chance, SQL, packages outside the standard
    library.
    """
    if module.room != "rules":
        return []
    roots = {
        name.split(".")[0]
        for name in imported(module)
        if not name.startswith(("vouchercli", "__future__"))
    }
    wrong = [
        f"{module.name} imports {root}"
        for root in sorted(roots)
        if root in UNLAWFUL_MODULES or root not in sys.stdlib_module_names
    ]
    return wrong + [
        f"{module.name} calls {called(call)}"
        for call in calls(module.tree)
        if called(call) in UNLAWFUL_CALLS
    ]


def clocks(module: Module) -> list[str]:
    """The clock enters once, in cli/options.py."""
    if module.name == "vouchercli.cli.options":
        return []
    return [
        f"{module.name} reads the clock: {called(call)}"
        for call in calls(module.tree)
        if called(call).endswith(CLOCKS)
    ]


def voices(module: Module) -> list[str]:
    """Only cli/ speaks."""
    if module.room == "cli":
        return []
    said = [f"{module.name} prints" for call in calls(module.tree) if called(call) == "print"]
    attributes = [
        ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)
    ]
    return said + [
        f"{module.name} uses {name}" for name in attributes if name in ("sys.stdout", "sys.stderr")
    ]


def click_imports(module: Module) -> list[str]:
    """Typer carries its own Click; another one is a different library."""
    return [
        f"{module.name} imports {name}"
        for name in imported(module)
        if name.split(".")[0] == "click"
    ]


def found(guard: object) -> list[str]:
    return [complaint for module in modules() for complaint in guard(module)]  # type: ignore[operator]


def test_imports_point_one_way() -> None:
    assert none_of(found(wrong_ways))


def test_an_import_against_the_direction_is_found() -> None:
    assert wrong_ways(sample("from vouchercli.cli.show import show")) == [
        "vouchercli.ops.sample imports vouchercli.cli.show.show"
    ]
    assert wrong_ways(sample("from vouchercli.store import db", "vouchercli.rules.sample"))
    assert wrong_ways(sample("from vouchercli.rules import money", "vouchercli.formats.sample"))
    assert wrong_ways(
        sample("def f():\n    from vouchercli.store import rounds", "vouchercli.cli.sample")
    )


def test_rules_are_pure() -> None:
    assert none_of(found(impurities))


def test_an_impure_rule_is_found() -> None:
    assert impurities(sample("import random", "vouchercli.rules.sample"))
    assert impurities(sample("import yaml", "vouchercli.rules.sample"))
    assert impurities(
        sample("from datetime import datetime\nNOW = datetime.now()", "vouchercli.rules.sample")
    )
    assert impurities(sample("def f(): return open('x')", "vouchercli.rules.sample"))


def test_the_clock_enters_once() -> None:
    assert none_of(found(clocks))


def test_a_second_clock_is_found() -> None:
    assert clocks(sample("import time\nAT = time.time()"))
    assert clocks(sample("import datetime\nAT = datetime.datetime.now()"))


def test_only_the_command_line_speaks() -> None:
    assert none_of(found(voices))


def test_a_printing_operation_is_found() -> None:
    assert voices(sample("print('opened')"))
    assert voices(sample("import sys\nsys.stderr.write('x')"))


def test_click_is_never_imported() -> None:
    assert none_of(found(click_imports))


def test_an_import_of_click_is_found() -> None:
    assert click_imports(sample("import click", "vouchercli.cli.sample"))
