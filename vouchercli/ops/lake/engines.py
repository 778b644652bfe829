"""Who answers what is asked of a lake: an engine takes texts of `store.lake_queries`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli.errors import UsageFault, VoucherError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

LOCAL = "local"


class Engine(Protocol):
    """What answers: texts of `store.lake_queries` on tables that are made of files, and of rows.
    Its methods raise `OSError`, `ValueError`.
    """

    lake: str  # where the files lie

    def files(
        self, table: str, columns: Mapping[str, str], parts: Mapping[str, Sequence[Path]]
    ) -> None:
        """A table is made of exactly these files, by city."""

    def rows(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """A small table that stands beside."""

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""

    def ask_apart(self, statement: str) -> Iterable[tuple[Any, ...]]:
        """The same of a question of which each row of the answer is of one city: an engine of one
        machine may ask city by city while rows are taken, so that memory holds no more than one.
        """

    def close(self) -> None:
        """Nothing is asked any more."""


def engine_of(name: str, lake: str) -> Engine:
    """The engine of that name, for a lake. Raises `UsageFault` unknown_engine, and as
    `spark.spark`.
    """
    if name == LOCAL:
        from vouchercli.store.lake_engine import Local

        return Local(lake)
    from vouchercli.ops.lake.spark import is_spark, spark

    if is_spark(name):
        return spark(name, lake)
    raise UsageFault(
        "unknown_engine",
        "there is no engine {engine}",
        hint="--engine local, or spark://HOST:7077",
        engine=name,
    )


def answer(engine: Engine, statement: str) -> list[tuple[Any, ...]]:
    """The rows of an answer. Raises `VoucherError` lake_engine."""
    with _readable(engine):
        return engine.ask(statement)


def answer_apart(engine: Engine, statement: str) -> Iterator[tuple[Any, ...]]:
    """The same, which may be asked city by city while it is read. Raises `VoucherError`
    lake_engine.
    """
    with _readable(engine):
        yield from engine.ask_apart(statement)


@contextmanager
def _readable(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise VoucherError(
            "lake_engine",
            "the files of the lake cannot be read: {why}",
            hint="voucher lake check {root} says which of them is damaged",
            root=engine.lake,
            why=str(error).splitlines()[0],
        ) from error
