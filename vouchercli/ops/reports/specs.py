"""How a report is declared, and how it is asked.

A report is a spec: parts (tables) whose columns are measures of the catalogue, the measures by
which its rows can be sorted, and what is said beside them. `engine` makes its tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.reports import gathered
from vouchercli.result import EVERYWHERE, JSON, Column

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from vouchercli.ops.reports.cautions import Caution
    from vouchercli.ops.reports.dimensions import By
    from vouchercli.ops.reports.gathered import First, Gathered
    from vouchercli.ops.reports.measures import Found
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.ops.reports.spans import Title
    from vouchercli.result import Message, Rendering, Table
    from vouchercli.session import Session

NAME = Column("name", "Name")  # of merchants, where they are among the keys
FUNDERS = Column("funders", where=JSON)  # what each public funder paid, where they are asked for
EACH_FUNDER = Column("funder_", kind="fen", verbatim=True)  # the same, a column for each
NEEDS = {"name": "names", "funders": "funders", "funder_": "funders"}  # of what is no measure


class Part(NamedTuple):
    """A table of a report: its columns beside the keys, of which those stay that the question
    asks for; with `needs` it is left out where the question does not ask for that. A title of None
    is the report's own. A note can be made of the scope; `cautions` tell which rows say little.
    Where the keys do not fit (`fits`) the total stands alone; `hides` are keys that it leaves out.
    """

    columns: tuple[Column, ...]
    title: Message | None = None
    notes: tuple[Message | Callable[[Scope], Iterable[Message]], ...] = ()
    cautions: tuple[Caution, ...] = ()
    where: tuple[Rendering, ...] = EVERYWHERE
    key: str | None = None
    total_key: str = ""
    bars: str = ""
    needs: str = ""
    has_total: bool = True
    is_optional: bool = False  # left out without rows
    is_explained: bool = False  # its notes stand there without rows too
    fits: Callable[[By], bool] = lambda by: True
    hides: Callable[[Scope], Collection[str]] = lambda scope: ()


class Answer(NamedTuple):
    """A report before it is worded: what was gathered, what of it the question asks for, and how
    many rows are shown.
    """

    by: By
    scope: Scope
    gathered: Gathered
    needs: frozenset[str]
    limit: int = 0

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.gathered.groups) + self.gathered.more

    @property
    def shown(self) -> int:
        """How many of them are shown."""
        return min(self.limit or self.rows, self.rows)


class Spec(NamedTuple):
    """A report as it is declared: its title, its parts, the measures that rows can be sorted by,
    and what is said of it (without rows, `none`). It is cut by the dimensions that are asked for,
    unless it has one of its own (`by`), and `gather` asks the store for it. `goes_back`: its rounds
    are those of its moment. `beside` are tables that are not made of its rows.
    """

    title: Title
    parts: tuple[Part, ...]
    none: Callable[[Scope], Message]
    sorts: tuple[str, ...] = ()
    says: Callable[[Found], Iterable[Message]] = lambda total: ()
    by: By = ()
    gather: Callable[[Session, Scope, By, Collection[str], First], Gathered] = gathered.payments
    goes_back: bool = False
    beside: Callable[[Session, Answer], tuple[Table, ...]] = lambda session, answer: ()

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """Those of all its parts."""
        return tuple(each for part in self.parts for each in part.cautions)


class Question(NamedTuple):
    """What is asked of a report: the dimensions (unless it has its own), codes of rounds (none:
    all), the span (UTC seconds), the sealed day (yyyymmdd), the order and the number of rows (0:
    all), the funders one by one, the sums so far.
    """

    by: By = ()
    only: Sequence[str] = ()
    since: int | None = None
    as_of: int | None = None
    known_on: int | None = None
    sort: str | None = None
    limit: int = 0
    with_funders: bool = False
    cumulative: bool = False
