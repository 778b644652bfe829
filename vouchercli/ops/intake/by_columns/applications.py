"""Applications proved by columns, and written as they are. Rows that are irregular in any way, or
share their number with another row, are judged one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from polars import col, lit

from vouchercli.formats.configs.fields import JOINING
from vouchercli.ops.intake.by_columns import feed, residents, typing
from vouchercli.ops.intake.kinds import Written
from vouchercli.rules.applications import APPLICATIONS, FORMULA_SIGNS
from vouchercli.store import db as store
from vouchercli.store import duplicates, identities, proved_applications, proved_claims

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.ops.intake.kinds import Chunk, Intake

ROUND = {
    "round": pl.String,
    "round_id": pl.Int64,
    "state": pl.String,
    "mode": pl.String,
    "lead_id": pl.Int64,
    "from_at": pl.Int64,
    "until_at": pl.Int64,
    "published_at": pl.Int64,
}
IS_LAWFUL = pl.sql_expr(APPLICATIONS.lawful_sql())
NUMBER = ("round_id", "application_no")
# a card that a spreadsheet may have kept as a number (rules.identities.is_rounded_card)
ROUNDED_CARD = r"^[0-9]{15}0{2,4}$"


class Proof(NamedTuple):
    """`fit`: rows that are clearly lawful, as columns of the table, with the tokens of the other
    identities (`JOINING`) where the file has them; `lines`: the rows that are not.
    """

    fit: pl.DataFrame
    lines: list[int]


def chunks(intake: Intake, done_line: int) -> Iterator[Chunk]:
    """The chunks of a large file of applications behind the line `done_line`."""
    store.widen_cache(intake.db)
    return iter(feed.Feed(intake, done_line, lambda: Prover(intake), Writer()))


class Prover:
    """Checks the rows of a block against the rules, as far as columns can tell."""

    def __init__(self, intake: Intake) -> None:
        db = store.open_to_read(intake.session.path)
        self._zone, self._ring = intake.zone, identities.load_ring(intake.session.path, db)
        self._latest_at = intake.latest_at
        rows = proved_applications.rounds(db, intake.programme_id)
        self._rounds = pl.DataFrame(
            [list(row) for row in rows], orient="row", schema=ROUND
        ).with_columns(col("round").str.to_lowercase())
        self._listed = {
            round_id: pl.DataFrame({"resident": tokens}, {"resident": pl.Binary})
            for round_id, tokens in proved_claims.listed(db, intake.programme_id).items()
        }
        self._excluded = proved_claims.excluded(db, intake.programme_id)
        db.close()
        self._also = [name for name in JOINING if intake.reading.has(name)]

    def close(self) -> None:
        """Nothing to do: the database was closed as soon as it was read."""

    def prove(self, block: Block) -> Proof:
        """The clearly lawful applications of a block."""
        frame, irregular = block.columns()
        lines = frame["line"]
        frame, _ = residents.even_out(frame, self._ring.way)
        frame = residents.even_out_also(frame, self._also, self._ring.way)
        if "card" in self._also:
            frame = frame.filter(~col("card").str.contains(ROUNDED_CARD))
        rows = self._keep_lawful(frame)
        rows = rows.filter(~pl.struct(NUMBER).is_duplicated())
        fit = self._keep_eligible(rows.with_columns(self._tokens(rows, "resident")))
        fit = fit.with_columns(self._tokens(fit, name) for name in self._also)
        fit = fit.select(*proved_applications.COLUMNS, *self._also)
        return Proof(fit, sorted([*irregular, *typing.lines_without(lines, fit["line"])]))

    def _tokens(self, rows: pl.DataFrame, name: str) -> pl.Series:
        texts = rows[name]
        is_there = texts != ""
        if is_there.all():
            return pl.Series(name, identities.tokens(self._ring, texts), dtype=pl.Binary)
        tokens = iter(identities.tokens(self._ring, texts.filter(is_there)))
        return pl.Series(name, [next(tokens) if each else None for each in is_there], pl.Binary)

    def _keep_lawful(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that no rung of the ladder refuses. Whether a resident is on a list is asked of
        those that are left: it takes a token.
        """
        at, _, _ = typing.moments(frame["applied_at"], self._zone)
        rows = frame.with_columns(
            col("round").str.to_lowercase(),  # codes differ in more than case
            applied_at=at,
            latest_at=lit(self._latest_at),
            is_eligible=lit(1),
        ).filter(
            col("applied_at").is_not_null(),
            col("application_no") != "",
            ~col("application_no").str.slice(0, 1).is_in(FORMULA_SIGNS),
            col("resident") != "",
        )
        rows = rows.join(self._rounds, on="round", how="inner", maintain_order="left")
        return rows.filter(IS_LAWFUL)

    def _keep_eligible(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose residents (tokens) their rounds are for; nobody excluded."""
        rows = residents.without(rows, self._excluded)
        for round_id, listed in self._listed.items():
            is_of_others = col("round_id") != round_id
            is_listed = col("resident").is_in(listed["resident"].implode())
            rows = rows.filter(is_of_others | is_listed)
        return rows


class Writer(feed.Writer):
    """Writes proofs one after the other; a chunk has nothing of its own."""

    def write(self, intake: Intake, proof: Proof) -> Written:
        """Write the proved rows; a row whose number stands already is a duplicate of it or left to
        be judged.
        """
        db, fit = intake.db, proof.fit
        if not fit.height:
            return Written(0, 0, proof.lines)
        first_id = proved_applications.next_id(db)
        fit = fit.with_columns(application_id=first_id + pl.int_range(pl.len()))
        refused = proved_applications.add(
            db, intake.batch_id, first_id, _columns(fit, proved_applications.COLUMNS)
        )
        standing: set[int] = set()
        late: list[int] = []
        if refused:
            rows = fit[refused]
            said = rows.select(duplicates.SAID["applications"]).rows()
            standing = duplicates.add_said(db, "applications", intake.batch_id, said)
            late = [line for line in rows["line"] if line not in standing]
            fit = fit.filter(~col("line").is_in(rows["line"].implode()))
        self._join(intake, fit)
        return Written(fit.height, len(standing), sorted([*proof.lines, *late]))

    def _join(self, intake: Intake, fit: pl.DataFrame) -> None:
        kinds = [name for name in JOINING if name in fit.columns]
        given = [
            fit.filter(col(kind).is_not_null()).with_columns(kind=lit(kind), token=col(kind))
            for kind in kinds
        ]
        rows = [each.select(proved_applications.IDENTITIES) for each in given if each.height]
        if rows:
            proved_applications.join(
                intake.db, _columns(pl.concat(rows), proved_applications.IDENTITIES)
            )


def _columns(rows: pl.DataFrame, names: tuple[str, ...]) -> list[list[Any]]:
    return [rows.get_column(name).to_list() for name in names]
