"""Series by set: figures of a statistics office or a platform, by period, industry, district and
brand. They belong to the city, not to a programme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.periods import Period
from vouchercli.store import duplicates, fact_digests, typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store.duplicates import Stay

CREATE_INCOMING = """
CREATE TEMP TABLE incoming_series (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    measure TEXT, grain TEXT, first_on INTEGER, last_on INTEGER, industry TEXT, district TEXT,
        brand TEXT, source TEXT, value INTEGER
)
"""
ADD_INCOMING = """
INSERT INTO incoming_series (place, batch_id, line, cells, reason, detail, measure, grain, first_on,
    last_on, industry, district, brand, source, value)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
"""
TYPED_COLUMNS = 9

SAME_FIGURE = """
    ON s.measure = i.measure AND s.source = i.source AND s.grain = i.grain
    AND s.first_on = i.first_on AND s.last_on = i.last_on AND s.industry = i.industry
    AND s.district = i.district AND s.brand = i.brand
"""
MARK_REPEATED = """
UPDATE incoming_series AS i SET
    reason = iif(i.value = u.first_value, 'duplicate', 'conflicting_figure'),
    detail = iif(i.value = u.first_value, '{}', json_object('line', u.first_line))
FROM (
    SELECT place, row_number() OVER same AS nth, first_value(value) OVER same AS first_value,
        first_value(line) OVER same AS first_line
    FROM incoming_series WHERE reason IS NULL
    WINDOW same AS (PARTITION BY measure, source, grain, first_on, last_on, industry, district,
        brand ORDER BY place)
) AS u
WHERE u.place = i.place AND u.nth > 1
"""
MARK_STANDING = f"""
UPDATE incoming_series AS i SET
    reason = iif(t.value = i.value, 'duplicate', 'other_figure'),
    detail = iif(t.value = i.value, '{{}}', json_object(
        iif(i.measure = 'turnover', 'standing_fen', 'standing'), t.value, 'batch', t.batch_id))
FROM (SELECT i.place, s.value, s.batch_id FROM incoming_series i CROSS JOIN standing_series s
    {SAME_FIGURE}) AS t
WHERE t.place = i.place AND i.reason IS NULL AND (t.value = i.value OR NOT :may_revise)
"""
# A month that a sheet shows as one comes out of it as its first day.
WARN_OF_MONTHS = """
INSERT INTO incoming_warnings (place, reason, detail)
SELECT place, 'perhaps_a_month', json_object('first_on', first_on) FROM incoming_series
WHERE reason IS NULL AND grain = 'day' AND NOT EXISTS (
    SELECT 1 FROM incoming_series WHERE grain = 'day' AND first_on % 100 <> 1)
"""
COUNT_REVISED = f"""
SELECT count(*) FROM incoming_series i CROSS JOIN standing_series s {SAME_FIGURE}
WHERE i.reason IS NULL
"""
NEXT_ID = "SELECT coalesce(max(series_id), 0) + 1 FROM series"
ACCEPT = """
INSERT INTO series (measure, grain, first_on, last_on, industry, district, brand, source, value,
    batch_id, line)
SELECT measure, grain, first_on, last_on, industry, district, brand, source, value, batch_id, line
FROM incoming_series WHERE reason IS NULL ORDER BY place
"""
BLOCKS_OF = "SELECT DISTINCT series_id >> 6 FROM series WHERE batch_id = :batch_id"
DELETE = "DELETE FROM series WHERE batch_id = :batch_id"


class Series(NamedTuple):
    """Figures of one measure from one source, all of periods of one length and of one `cut`
    (industry 1 + district 2 + brand 4): how many stand, the days they are of (yyyymmdd), and how
    many industries, districts and brands they name.
    """

    measure: str
    source: str
    grain: str
    cut: int
    first_on: int
    last_on: int
    figures: int
    industries: int
    districts: int
    brands: int


LISTED = """
SELECT measure, source, grain, cut, min(first_on), max(last_on), count(*),
    count(DISTINCT nullif(industry, '')), count(DISTINCT nullif(district, '')),
    count(DISTINCT nullif(brand, ''))
FROM standing_series GROUP BY measure, source, grain, cut ORDER BY measure, source, grain, cut
"""
FIGURES = {
    by: f"""
SELECT {by}, grain, first_on, last_on, sum(value) FROM standing_series
WHERE measure = ? AND source = ? AND grain = ? AND cut = ? AND last_on <= ?
GROUP BY {by}, first_on, last_on ORDER BY {by}, first_on
"""
    for by in ("industry", "district", "brand")
}
# A source's own figures of everything together.
FIGURES["all"] = """
SELECT '', grain, first_on, last_on, value FROM standing_series
WHERE measure = ? AND source = ? AND grain = ? AND cut = ? AND last_on <= ? ORDER BY first_on
"""
ARE_THERE = "SELECT EXISTS (SELECT 1 FROM series)"


def judge(db: sqlite3.Connection, *, may_revise: bool) -> None:
    """Give incoming figures that stand already the reason 'duplicate'; those that stand with
    another value, unless they `may_revise` it, 'other_figure'; those that contradict an earlier
    line of their file 'conflicting_figure'. Warns where all days are the first of a month.
    """
    db.execute(MARK_STANDING, {"may_revise": may_revise})
    db.execute(MARK_REPEATED)
    db.execute(WARN_OF_MONTHS)


def accept(db: sqlite3.Connection) -> int:
    """Keep the fit figures, in the order of the file; how many take the place of another value."""
    revised = typed.number(db, COUNT_REVISED)
    first_id = typed.number(db, NEXT_ID)
    db.execute(ACCEPT)
    fact_digests.add_written(db, "series", first_id)
    return revised


def undo(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Take a batch's figures away, but for those that other files brought too; what they had
    revised stands again.
    """
    stay = duplicates.hand_over(db, "series", batch_id)
    with fact_digests.changing(db, "series", of=BLOCKS_OF, batch_id=batch_id):
        db.execute(DELETE, {"batch_id": batch_id})
    return stay


def listed(db: sqlite3.Connection) -> list[Series]:
    """Every series, by measure and source."""
    return typed.rows(db, Series, LISTED, ())


def are_there(db: sqlite3.Connection) -> bool:
    """Whether there is any figure."""
    return bool(typed.number(db, ARE_THERE))


def figures(
    db: sqlite3.Connection, series: Series, by: str, last_on: int
) -> dict[str, dict[Period, int]]:
    """The figures of a series by industry, district or brand (or `all` together), and by period; of
    periods that end on or before a day (yyyymmdd).
    """
    asked: tuple[Any, ...] = (series.measure, series.source, series.grain, series.cut, last_on)
    found: dict[str, dict[Period, int]] = {}
    for key, grain, first, last, value in typed.tuples(db, FIGURES[by], asked):
        found.setdefault(key, {})[Period(grain, first, last)] = value
    return found
