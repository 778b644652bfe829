"""What the store knows of payments for a report, by key: sums, claims, merchants, funders."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports.dimensions import has_claims
from vouchercli.ops.reports.figures import funded, merchants_by_key, sums_by_key, sums_by_keys
from vouchercli.ops.reports.measures import Found
from vouchercli.ops.reports.scope import face_of
from vouchercli.rules import leverage as law
from vouchercli.rules.leverage import NOTHING, Claimed
from vouchercli.store import paid_merchants, uptake
from vouchercli.store import reports as store
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session

    Shares = Mapping[Key, dict[str, int]]

NO_MERCHANTS = Merchants()


class Gathered(NamedTuple):
    """What is known under each key, in order, and in all (None: there is no total); what else a
    row says of its key; the public funders, where they are needed, and what each paid by key in
    fen.
    """

    groups: Mapping[Key, Found]
    total: Found | None = None
    about: Callable[[Key], dict[str, Any]] = lambda key: {}
    funders: Sequence[str] = ()
    shares: Shares = MappingProxyType({})
    more: int = 0  # keys behind them that are not shown, and were not gathered


class First(NamedTuple):
    """The rows that are shown: the largest by a measure (its key; None: in their own order), and
    how many (0: all). Whoever gathers may leave out the others, of which there are `more`.
    """

    order: str | None = None
    limit: int = 0


def payments(
    session: Session, scope: Scope, by: By, needs: Collection[str], first: First
) -> Gathered:
    """The payments of the scope's rounds by one or two dimensions, with whatever else is needed:
    `claimed`, `merchants`, `funders`, `so_far`.
    """
    if by == ("merchant",):
        return _of_merchants(session, scope, needs, first)
    claimed = _claims_by_key(session, by, scope) if "claimed" in needs else None
    sums, names = _sums(session, by, scope)
    counts: tuple[dict[Key, Merchants], Merchants] = ({}, NO_MERCHANTS)
    if "merchants" in needs:
        counts = merchants_by_key(session, by, scope)
    funders = _funders(session, scope, needs)
    groups, total = together(
        by, sums, claimed, counts, opening(scope), has_so_far="so_far" in needs
    )
    return Gathered(
        groups, total, _named(by, names), funders, _shares(session, by, scope, funders, groups)
    )


def together(
    by: By,
    sums: dict[Key, Sums],
    claimed: dict[Key, Claimed] | None,
    merchants: tuple[Mapping[Key, Merchants], Merchants],
    places: Mapping[str, int],
    *,
    has_so_far: bool,
) -> tuple[dict[Key, Found], Found]:
    """What is known under each key, in order, and in all: of sums, claims (None: they are no part
    of it) and merchants, by key and in all; rounds stand at their `places`.
    """
    if claimed and sums and has_claims(by):
        # a round that was claimed and not yet used is a row of its own
        sums |= {key: NOTHING for key in claimed if key not in sums}
    ordered = {key: sums[key] for key in law.all_in_order(by, sums, places)}
    total = law.pooled(ordered.values())
    own = claimed if has_claims(by) else None
    groups: dict[Key, Found] = {
        key: Found(
            each,
            None if own is None else own.get(key, Claimed()),
            merchants[0].get(key, NO_MERCHANTS),
            total,
        )
        for key, each in ordered.items()
    }
    in_all = None if claimed is None else sum(claimed.values(), Claimed())
    return (
        _with_so_far(groups) if has_so_far else groups,
        Found(total, in_all, merchants[1], total),
    )


def _of_merchants(session: Session, scope: Scope, needs: Collection[str], first: First) -> Gathered:
    """The same by merchant: of a hundred thousand only those that are shown."""
    claimed = _claims_by_key(session, ("merchant",), scope) if "claimed" in needs else None
    funders = _funders(session, scope, needs)
    # what funders paid is added up over all rows; any other order is the engine's
    is_cut = not funders and first.order in (None, *paid_merchants.ORDERS)
    span = scope.window[:2] if scope.known else None
    rounds, has_sizes = [*scope.rounds], "merchants" in needs
    with paid_merchants.pooled(
        session.db, rounds, scope.months, scope.zone, span, has_sizes=has_sizes
    ):
        count, total, merchants = paid_merchants.in_all(session.db)
        paid = paid_merchants.first(session.db, *(first if is_cut else First()))
    by, names = ("merchant",), {each.merchant_no: each.name for each in paid}
    if scope.known and names:
        names |= store.names_at(session.db, scope.known.ends_at)
    in_all = None if claimed is None else sum(claimed.values(), Claimed())
    groups: dict[Key, Found] = {
        (each.merchant_no,): Found(each.sums, None, each.counts, total) for each in paid
    }
    return Gathered(
        groups,
        Found(total, in_all, merchants, total),
        _named(by, names),
        funders,
        _shares(session, by, scope, funders, groups),
        count - len(paid),
    )


def _funders(session: Session, scope: Scope, needs: Collection[str]) -> list[str]:
    """The public funders, where they are needed."""
    if "funders" not in needs:
        return []
    known_on = scope.known.day if scope.known else None
    return store.public_funders(session.db, scope.programme["programme_id"], known_on)


def _named(by: By, names: dict[str, str]) -> Callable[[Key], dict[str, Any]]:
    """The name of the merchant that is among the keys."""
    if "merchant" not in by:
        return lambda key: {}
    at = by.index("merchant")
    return lambda key: {"name": names.get(key[at], "")}


def opening(scope: Scope) -> dict[str, int]:
    """The place of each round and family by opening."""
    places: dict[str, int] = {}
    for position, row in enumerate(scope.rounds.values()):
        places.setdefault(row.round, position)
        places.setdefault(row.family, position)
    return places


def _with_so_far(groups: dict[Key, Found]) -> dict[Key, Found]:
    """The same, each with the sums of all up to it."""
    so_far = NOTHING
    for key, each in groups.items():
        so_far += each.sums
        groups[key] = each._replace(so_far=so_far)
    return groups


def _sums(session: Session, by: By, scope: Scope) -> tuple[dict[Key, Sums], dict[str, str]]:
    """The sums by key, and the names of merchants by number where these are among the keys."""
    groups: dict[Key, Sums] = (
        sums_by_keys(session, by, scope)
        if len(by) > 1 or by[0] in store.KEPT_BY_MONTH
        else {(key,): sums for key, sums in sums_by_key(session, by[0], scope).items()}
    )
    listed = store.listed_merchants(session.db) if "merchant" in by else {}
    names = {no: each.name for no, each in listed.items()}
    if scope.known and names:
        names |= store.names_at(session.db, scope.known.ends_at)
    return groups, names


def _claims_by_key(session: Session, by: By, scope: Scope) -> dict[Key, Claimed] | None:
    """What was claimed up to `as_of`, by key (by round when the key has no claims of its own); None
    beside --since: what is used after a date is no part of what was claimed after it.
    """
    if scope.since is not None:
        return None
    name = by[0] if has_claims(by) else "round"
    claimed: dict[Key, Claimed] = {}
    for round_id, packs in uptake.claimed_packs(
        session.db, scope.window_of_claims, scope.zone
    ).items():
        if round_id in scope.rounds:
            row = scope.rounds[round_id]
            key = (getattr(row, name),)
            claimed[key] = claimed.get(key, Claimed()) + face_of(row, packs)
    return claimed


def _shares(
    session: Session, by: By, scope: Scope, funders: list[str], groups: Mapping[Key, Found]
) -> Shares:
    """Each public funder's part by key, in fen, in the funders' order; a single one has paid it
    all.
    """
    if not funders:
        return {}
    if len(funders) == 1:
        return {key: {funders[0]: each.sums.public_fen} for key, each in groups.items()}
    shares = {key: dict.fromkeys(funders, 0) for key in groups}
    for key, funder, fen in funded(session, by, scope):
        part = shares.setdefault(key, dict.fromkeys(funders, 0))
        part[funder] += fen
    return shares
