"""SQL stands in store/ only, never pasted together, never with a clock of its own."""

from __future__ import annotations

import ast
import re

from source import CODE, Module, calls, modules, none_of, sample, text_of

STATEMENT = re.compile(
    r"\s*(--[^\n]*\n\s*)*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(\w+\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s"
    r"|DROP\s+(TABLE|INDEX|VIEW|TRIGGER)\s|REPLACE\s+INTO\s|WITH\s+\w+.*?\bAS\b.*\bSELECT\s|PRAGMA\s|BEGIN(\s|$)|COMMIT$|ROLLBACK$|ATTACH\s|VACUUM)",
    re.DOTALL,
)
EXECUTING = ("execute", "executemany", "executescript")
CLOCK = re.compile(r"CURRENT_TIMESTAMP|CURRENT_DATE|'now'|unixepoch\(\s*\)", re.IGNORECASE)


def statements(module: Module) -> list[ast.Constant]:
    """Every string constant that is an SQL statement."""
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and STATEMENT.match(text_of(node) or "")
    ]


def strays(module: Module) -> list[str]:
    """SQL, or the execution of it, outside store/."""
    if module.room == "store":
        return []
    wrong = [
        f"{module.name}:{node.lineno}: {node.value.split()[0]} outside store/"
        for node in statements(module)
    ]
    executing = [
        call
        for call in calls(module.tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr in EXECUTING
    ]
    return wrong + [
        f"{module.name}:{call.lineno}: {ast.unparse(call.func)} outside store/"
        for call in executing
    ]


def pasted(module: Module) -> list[str]:
    """%, .format, and within functions + and f-strings in SQL. At the top of a module a statement may
    be an f-string, because no value has come in there; PRAGMA, which takes no parameters, may hold
    an integer (`:d`) anywhere.
    """
    wrong = []
    for node in _within_functions(module.tree):
        if isinstance(node, ast.JoinedStr) and _is_pasted(node):
            wrong.append(f"{module.name}:{node.lineno}: SQL in an f-string")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _is_sql(node.left):
            wrong.append(f"{module.name}:{node.lineno}: SQL with +")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_sql(node.left):
            wrong.append(f"{module.name}:{node.lineno}: SQL with %")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "format"
            and _is_sql(node.func.value)
        ):
            wrong.append(f"{module.name}:{node.lineno}: SQL with .format")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in EXECUTING
        ):
            wrong += [
                f"{module.name}:{node.lineno}: an f-string is executed"
                for part in node.args[:1]
                if isinstance(part, ast.JoinedStr) and not _is_pragma(part)
            ]
    return wrong


def _within_functions(tree: ast.Module) -> set[ast.AST]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return {
        node
        for function in ast.walk(tree)
        if isinstance(function, functions)
        for node in ast.walk(function)
    }


def _is_sql(node: ast.AST) -> bool:
    return bool(STATEMENT.match(text_of(node) or ""))


def _is_pragma(node: ast.JoinedStr) -> bool:
    values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    is_integer = all(
        part.format_spec and ast.unparse(part.format_spec) in ("f'd'", "'d'") for part in values
    )
    return (text_of(node.values[0]) or "").startswith("PRAGMA ") and is_integer


def _is_pasted(node: ast.JoinedStr) -> bool:
    return bool(node.values) and _is_sql(node.values[0]) and not _is_pragma(node)


def clocks(module: Module) -> list[str]:
    """SQL's own clock: time is passed down instead."""
    return [
        f"{module.name}:{node.lineno}: SQL reads the clock"
        for node in statements(module)
        if CLOCK.search(node.value)
    ]


def test_sql_stands_in_store_only() -> None:
    assert none_of([complaint for module in modules() for complaint in strays(module)])


def test_sql_outside_store_is_found() -> None:
    assert strays(sample('X = "SELECT count(*) FROM rounds"'))
    assert strays(sample("def f(db): return db.execute(X)"))
    assert strays(sample('"""Update the rounds, select what is due."""')) == []
    assert strays(sample('X = "SELECT 1"', "vouchercli.store.sample")) == []


def test_sql_is_never_pasted_together() -> None:
    assert none_of([complaint for module in modules() for complaint in pasted(module)])


def test_pasted_sql_is_found() -> None:
    assert pasted(
        sample('def f(table): return f"SELECT * FROM {table}"', "vouchercli.store.sample")
    )
    assert pasted(sample('def f(by): return "SELECT 1 ORDER BY " + by', "vouchercli.store.sample"))
    assert pasted(sample('X = f"SELECT {SUMS} FROM facts"', "vouchercli.store.sample")) == []
    assert pasted(sample('X = "DELETE FROM %s" % table', "vouchercli.store.sample"))
    assert pasted(sample('X = "SELECT {0} FROM rounds".format(column)', "vouchercli.store.sample"))
    assert pasted(sample('def f(db, sql): db.execute(f"{sql} LIMIT 1")', "vouchercli.store.sample"))
    assert pasted(sample('X = f"PRAGMA user_version = {n:d}"', "vouchercli.store.sample")) == []


def test_sql_has_no_clock() -> None:
    assert none_of([complaint for module in modules() for complaint in clocks(module)])
    assert [
        path.name for path in CODE.rglob("*.sql") if CLOCK.search(path.read_text("utf-8"))
    ] == []


def test_a_clock_in_sql_is_found() -> None:
    assert clocks(
        sample("X = \"UPDATE rounds SET at = strftime('%s', 'now')\"", "vouchercli.store.sample")
    )
