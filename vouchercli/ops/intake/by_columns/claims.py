"""Claims proved by columns, and written as they are. Rows that are irregular in any way, or come
when a round is full, are judged one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from polars import col, lit, when

from vouchercli.ops.intake.by_columns import feed, residents, typing
from vouchercli.ops.intake.by_columns.typing import DAY
from vouchercli.ops.intake.kinds import Written
from vouchercli.rules import families as families_law
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.rules.claims import CLAIMS
from vouchercli.store import (
    claim_limits,
    corrections,
    duplicates,
    families,
    identities,
    limits,
    proved_claims,
    proved_redemptions,
    templates,
    winners,
)
from vouchercli.store import db as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.ops.intake.kinds import Chunk, Intake
    from vouchercli.rules.claim_limits import LimitsInTime
    from vouchercli.rules.families import Named
    from vouchercli.rules.templates import Template

CONTENT = ("claim_no", "round_id", "resident", "claimed_at")
ROUND = {
    "round": pl.String,
    "round_id": pl.Int64,
    "state": pl.String,
    "opens_at": pl.Int64,
    "closes_at": pl.Int64,
    "hands_winners": pl.Int8,
    "is_of_other_platform": pl.Int8,
}
NAMED = {"round_id": pl.Int64, "application_no": pl.String, "named": pl.Binary}
KEPT = (*ROUND,)[:-1]  # what the store says of a round; the last column is made here
IS_LAWFUL = pl.sql_expr(CLAIMS.lawful_sql())


class Proof(NamedTuple):
    """`fit`: rows that are clearly lawful but for the room in their round, as columns of the table;
    `lines`: the rows that are not; `repeated`: how many more rows are the same as a lawful one in
    everything.
    """

    fit: pl.DataFrame
    lines: list[int]
    repeated: int
    is_one_each: bool
    limits: LimitsInTime | None  # those that look beyond the round, if any do


def chunks(intake: Intake, done_line: int) -> Iterator[Chunk]:
    """The chunks of a large file of claims behind the line `done_line`."""
    store.widen_cache(intake.db)
    return iter(feed.Feed(intake, done_line, lambda: Prover(intake), Writer()))


class Prover:
    """Checks the rows of a block against the rules, as far as columns can tell."""

    def __init__(self, intake: Intake) -> None:
        db = store.open_to_read(intake.session.path)
        self._zone, self._ring = intake.zone, identities.load_ring(intake.session.path, db)
        rows = proved_redemptions.rounds(db, intake.programme_id)
        # whether two residents are one person is checked when rows are judged one by one
        joined = proved_claims.joined(db, intake.programme_id)
        self._pauses = proved_claims.pauses(db, intake.programme_id)
        self._lists = [
            (round_id, pl.DataFrame({"resident": residents}, {"resident": pl.Binary}))
            for lists in (
                proved_claims.listed(db, intake.programme_id),
                winners.residents(db, intake.programme_id),
            )
            for round_id, residents in lists.items()
        ]
        self._excluded = proved_claims.excluded(db, intake.programme_id)
        self._named = pl.DataFrame(
            winners.by_number(db, intake.programme_id), orient="row", schema=NAMED
        )
        in_force = limits.of_programme(db, intake.programme_id)
        terms = claim_limits.terms(db, intake.programme_id, in_force, intake.zone)
        one_by_one = joined | {
            round_id for round_id, each in terms.items() if in_force.may_keep_out_alone(each)
        }
        # ends that a platform states are read row by row
        self._packs = {row["round_id"]: templates.of_round(row) for row in rows}
        one_by_one |= {
            round_id for round_id, pack in self._packs.items() if pack.validity.is_stated
        }
        self._reversed = corrections.claim_numbers(db)
        self._latest_at = intake.latest_at
        self._limits = in_force if in_force.looks_beyond_the_round else None
        senders = intake.options.get("platforms")
        self._rounds = pl.DataFrame(
            [
                [*(row[name] for name in KEPT), senders is not None and not _is_of(row, senders)]
                for row in rows
                if row["round_id"] not in one_by_one
            ],
            orient="row",
            schema=ROUND,
        ).with_columns(col("round").str.to_lowercase())
        self._of_families = _rounds_of_families(families.members(db, intake.programme_id), senders)
        db.close()
        self._is_one_each = all(row["per_resident"] == 1 for row in rows)

    def close(self) -> None:
        """Nothing to do: the database was closed as soon as it was read."""

    def prove(self, block: Block) -> Proof:
        """The clearly lawful claims of a block."""
        frame, irregular = block.columns()
        frame, doubtful = residents.even_out(frame, self._ring.way)
        irregular = sorted([*irregular, *doubtful])
        rows = self._keep_lawful(frame)
        if self._reversed:
            rows = rows.filter(~col("claim_no").is_in(self._reversed))
        first = rows.unique(CONTENT, keep="first", maintain_order=True)
        whose = col("resident") if self._limits else pl.struct("round_id", "resident")
        alone = first.filter(~col("claim_no").is_duplicated() & ~whose.is_duplicated())
        fit = self._add_expiry(alone)
        tokens = pl.Series(identities.tokens(self._ring, fit["resident"]), dtype=pl.Binary)
        fit = fit.with_columns(resident=pl.coalesce("named", tokens)).drop("named")
        fit = self._keep_eligible(fit)
        fit = self._add_week(fit) if self._limits else fit
        # each page of that index is then written once a chunk
        fit = fit.sort("resident", maintain_order=True)
        repeats = rows.join(first, on="line", how="anti").filter(
            ~col("round_id").is_in([round_id for round_id, _ in self._lists]) & (not self._excluded)
        )["line"]
        decided = pl.concat([fit["line"], repeats])
        return Proof(
            fit,
            [*irregular, *typing.lines_without(frame["line"], decided)],
            repeats.len(),
            self._is_one_each,
            self._limits,
        )

    def _keep_lawful(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that no rung of the ladder refuses. Whether a resident is on a list, or won, is
        asked of those that are left: it takes a token.
        """
        at, day, of_day = typing.moments(frame["claimed_at"], self._zone)
        rows = frame.with_columns(claimed_at=at, day=day, of_day=of_day).filter(
            col("claimed_at").is_not_null(), col("claim_no") != "", col("resident") != ""
        )
        rows = rows.with_columns(col("round").str.to_lowercase())  # codes differ in more than case
        rows = self._name_rounds(rows)
        rows = rows.join(self._rounds, on="round", how="inner", maintain_order="left")
        rows = rows.with_columns(
            is_paused=self._is_paused(),
            is_eligible=lit(1),
            is_winner=lit(1),
            latest_at=lit(self._latest_at),
        ).filter(IS_LAWFUL)
        return self._name_winners(rows)

    def _name_winners(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the token of the winner whose application they name; those that name
        another one are looked at one by one.
        """
        if self._named.is_empty():
            return rows.with_columns(named=lit(None, pl.Binary))
        rows = rows.join(
            self._named, on=["round_id", "application_no"], how="left", maintain_order="left"
        ).filter(
            (col("hands_winners") == 0) | (col("application_no") == "") | col("named").is_not_null()
        )
        # until then one text for each of them
        number = pl.concat_str(lit("\0"), "application_no")
        return rows.with_columns(
            resident=when(col("named").is_null()).then("resident").otherwise(number)
        )

    def _name_rounds(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the round that they mean by a family and a face; those that say a face
        otherwise are looked at one by one.
        """
        if not self._of_families.height:
            return rows
        named = self._of_families
        rows = rows.join(named, on=("round", "face"), how="left", maintain_order="left")
        is_plain = (col("face") == "") | col("member").is_not_null()
        return rows.filter(is_plain).with_columns(round=pl.coalesce("member", "round"))

    def _is_paused(self) -> pl.Expr:
        """1 where the round was paused when a row was claimed, else 0."""
        pauses = [
            (col("round_id") == round_id)
            & col("claimed_at").is_between(
                from_at, times.END_OF_TIME if until_at is None else until_at, closed="left"
            )
            for round_id, from_at, until_at in self._pauses
        ]
        return pl.any_horizontal(lit(value=False), *pauses).cast(pl.Int8)

    def _keep_eligible(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose residents (tokens) their rounds are for, and won; nobody excluded."""
        rows = residents.without(rows, self._excluded)
        for round_id, listed in self._lists:
            of_round = col("round_id") == round_id
            rows = pl.concat(
                [
                    rows.filter(~of_round),
                    rows.filter(of_round).join(listed, on="resident", how="semi"),
                ]
            )
        return rows

    def _add_week(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the bounds of the calendar week they were claimed in."""
        days = rows["day"].unique()
        weeks = [(day, *times.week_bounds(day, self._zone)) for day in days]
        schema = dict.fromkeys(("day", *proved_claims.WEEK), pl.Int64)
        known = pl.DataFrame(weeks, schema, orient="row")
        return rows.join(known, on="day", how="left", maintain_order="left")

    def _add_expiry(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with `expires_at`, by round and day; days on which it is neither one moment nor
        one clock time fall away.
        """
        rows = rows.with_columns(midnight=col("claimed_at") - col("of_day"))
        days = rows.select("round_id", "midnight").unique()
        ends = [
            (round_id, midnight, *_expiry_pace(self._packs[round_id], midnight, self._zone))
            for round_id, midnight in days.iter_rows()
        ]
        schema = dict.fromkeys(("round_id", "midnight", "ends_at", "pace"), pl.Int64)
        known = pl.DataFrame(ends, schema, orient="row")
        rows = rows.join(known, on=["round_id", "midnight"], how="inner", maintain_order="left")
        return (
            rows.with_columns(expires_at=col("ends_at") + col("pace") * col("of_day"))
            .filter(col("expires_at").is_not_null())
            .select(*proved_claims.COLUMNS, "day", "named")
        )


def _rounds_of_families(members: list[Named], senders: list[str] | None) -> pl.DataFrame:
    """The round (`member`) that each family and face, or a family alone, means: where it is one."""
    named = {}
    for each in members:
        for face in (each.face, ""):
            found = families_law.meant(members, each.family, face, senders)
            if len(found) == 1:
                named[each.family.lower(), face] = found[0].round.lower()
    schema = dict.fromkeys(("round", "face", "member"), pl.String)
    rows = [(family, face, member) for (family, face), member in named.items()]
    return pl.DataFrame(rows, schema, orient="row")


def _is_of(row: sqlite3.Row, senders: list[str]) -> bool:
    """Whether a round may be issued by the platform that goes by these names."""
    return row["platform"] in ("", *senders)


def _expiry_pace(pack: Template, midnight: int, zone: str) -> tuple[int | None, int]:
    """(end of a voucher claimed at midnight, seconds it moves with each second of the day); None
    when that is not so simple.
    """
    first, *later = (
        template_rules.expires_at(pack, midnight + second, zone)
        for second in (0, DAY // 2, DAY - 1)
    )
    for pace in (0, 1):
        if later == [first + pace * DAY // 2, first + pace * (DAY - 1)]:
            return first, pace
    return None, 0


class Writer(feed.Writer):
    """Writes proofs one after the other; a chunk has nothing of its own."""

    def write(self, intake: Intake, proof: Proof) -> Written:
        """Count the proved rows and write them; rows that a standing claim keeps out are duplicates
        of it or left to be judged, and so are the last to come when a round has not room for
        all.
        """
        fit, late = _keep_within_room(intake.db, proof.fit)
        proved_claims.count(intake.db, _by_day(fit))
        refused = proved_claims.add(
            intake.db,
            intake.batch_id,
            proved_claims.next_id(intake.db),
            _columns(fit, proved_claims.COLUMNS),
            is_one_each=proof.is_one_each,
            within=(proof.limits, _columns(fit, proved_claims.WEEK)) if proof.limits else None,
        )
        standing: set[int] = set()
        if refused:
            refused_rows = fit[refused]
            proved_claims.count(
                intake.db,
                [(round_id, day, -claims) for round_id, day, claims in _by_day(refused_rows)],
            )
            lines = refused_rows["line"]
            fit = fit.filter(~col("line").is_in(lines.implode()))
            said = refused_rows.select(duplicates.SAID["claims"]).rows()
            standing = duplicates.add_said(intake.db, "claims", intake.batch_id, said)
            late += [line for line in lines if line not in standing]
        repeated = len(standing) + proof.repeated
        return Written(fit.height, repeated, sorted([*proof.lines, *late]))


def _columns(rows: pl.DataFrame, names: tuple[str, ...]) -> list[list[Any]]:
    return [rows.get_column(name).to_list() for name in names]


def _by_day(rows: pl.DataFrame) -> list[tuple[int, int, int]]:
    """(round_id, local day, how many) of the rows."""
    return rows.group_by("round_id", "day").len().sort("round_id", "day").rows()


def _keep_within_room(db: sqlite3.Connection, fit: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """The rows that find room in their rounds, and the lines of those that come too late."""
    late: list[int] = []
    for round_id, rows in fit["round_id"].value_counts().iter_rows():
        room = proved_claims.room(db, round_id)
        if rows > room:
            late += (
                fit.filter(col("round_id") == round_id)
                .sort("claimed_at", "claim_no")["line"]
                .to_list()[room:]
            )
    return (fit.filter(~col("line").is_in(late)) if late else fit), late
