"""programme export --figures: a city's figures as one file that any office can pool."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats import whole_files
from vouchercli.ops.reports import rounds as report
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.measures import MEANINGS
from vouchercli.ops.reports.scope import go_back, scope_of
from vouchercli.result import Outcome, say
from vouchercli.rules import days, figures, leverage, suppression, times
from vouchercli.rules.canonical import own_digest
from vouchercli.rules.leverage import NOTHING
from vouchercli.store import audit, programmes
from vouchercli.store import days as sealed
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.ops.reports.open_fields import InBoth
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session

LEAST = 10  # residents behind a round that is shown by itself, as in `export package`
DEFINED = (
    *("redemptions", "base_fen", "paid_fen", "subsidy_fen", "platform_fen", "match_fen"),
    *("own_fen", "floor", "claimed"),
)


def export_figures(
    session: Session,
    code: str,
    city: str | None,
    in_both: InBoth,
    *,
    as_of: int | None,
    to: Path | None,
) -> Outcome:
    """The figures of a programme up to a moment (UTC seconds; None: now) as a JSON file; `city` is
    its code in GB/T 2260. Raises `UsageFault` no_city_code, `VoucherError` figures_too_small,
    file_exists.
    """
    if city is None or not figures.CITY.fullmatch(city):
        raise UsageFault(
            "no_city_code",
            "figures need the code of their city: six digits",
            hint="add --city with the code of GB/T 2260: 330100 is Hangzhou",
        )
    session = session._replace(programme=code)
    with reading(session):
        moment = session.now if as_of is None else as_of
        scope = go_back(session, scope_of(session, (), None, moment), moment)
        document = _document(session, scope, city, in_both)
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if to is not None and not session.dry_run:
        whole_files.write_new(to, text.encode())
    is_written = to is not None and not session.dry_run
    says = (say("{name} is written to {file}", name=code, file=str(to)),) if is_written else ()
    data = {"file": str(to) if is_written else None, "figures": document}
    return Outcome(data, says=says, document=None if to else text)


def _document(session: Session, scope: Scope, city: str, in_both: InBoth) -> dict[str, Any]:
    programme = programmes.value(scope.programme)
    rounds = _rounds(session, scope)
    document: dict[str, Any] = {
        "voucher_figures": figures.VERSION,
        "city": {"code": city, "name": programme.issuer.zh},
        "programme": scope.code,
        "name": {"zh": programme.name.zh, "en": programme.name.en},
        "currency": programme.currency,
        "as_of": times.iso(scope.as_of or 0, scope.zone),
        "rounds": rounds,
        "total": {key: sum(each[key] for each in rounds) for key in figures.figures(NOTHING, 0, 0)},
        "definitions": {key: in_both(MEANINGS[key])._asdict() for key in DEFINED},
        "proof": _proof(session, scope),
    }
    if session.is_rehearsal:
        document["is_rehearsal"] = True
    return document | {"sha256": own_digest(document)}


def _rounds(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """A row for each round; small ones together, so that nobody is found behind one."""
    rows = [row for row in report.rows_of(session, scope) if row["claimed"]]
    sums = sums_by_key(session, "round", scope)
    residents = [suppression.residents(row["claimed"], row["per_resident"]) for row in rows]
    if sum(residents) < LEAST:
        raise VoucherError(
            "figures_too_small",
            "fewer than {least} residents stand behind all figures: they are not given away",
            hint="voucher report rounds",
            least=LEAST,
        )
    small = suppression.hidden([(each,) for each in residents], (LEAST,))
    shown = [
        {"round": row["round"]}
        | figures.figures(sums.get(row["round"], NOTHING), row["packs"], row["claimed"])
        for place, row in enumerate(rows)
        if place not in small
    ]
    if small:
        others = [rows[place] for place in sorted(small)]
        pooled = leverage.pooled(sums.get(row["round"], NOTHING) for row in others)
        packs, claimed = (sum(row[key] for row in others) for key in figures.COUNTS)
        shown.append({"round": figures.OTHERS} | figures.figures(pooled, packs, claimed))
    return shown


def _proof(session: Session, scope: Scope) -> dict[str, str | None]:
    """The head of the log, which has all that the figures rest on, and that of the sealed days up
    to their moment: what was exported can be asked for again.
    """
    last = audit.last(session.db)
    moment = times.day_of(scope.as_of or 0, scope.zone)
    every = sealed.in_order(session.db, scope.programme["programme_id"])
    *_, day = None, *(each for each in every if each.day <= moment)
    return {
        "log": f"{last.line}:{last.hash}" if last else None,
        "day": days.head(day.day, day.sha256) if day else None,
    }
