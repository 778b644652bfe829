"""Issuance orders instruct a platform what to issue. They are checked against the limits of the
platform, stored, and written to the outbox.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs.fields import CELLS, FIELDS_OF
from vouchercli.formats.written import folders, trust
from vouchercli.formats.written import issuance_orders as formats
from vouchercli.ops.answers import dated
from vouchercli.ops.rounds.lookup import changing, require
from vouchercli.ops.setup import configs
from vouchercli.result import Outcome, Problem, Word, say
from vouchercli.rules import canonical, money, packs, scope, times
from vouchercli.rules import effects as effects_law
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.rules.amendments import HAS_ENDED
from vouchercli.rules.coupons import percents_text
from vouchercli.store import draws, effects, issuance_orders, plans, winners
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vouchercli.formats.written.issuance_orders import OrderProfile
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.rules.coupons import Coupon
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template, Validity
    from vouchercli.session import Session
    from vouchercli.store.issuance_orders import Order

SECONDS_A_DAY = 86_400


# ---------------------------------------------------------------- what a platform takes


def refuse_unfit(
    programme: Programme, template: Template, row: Mapping[str, Any] | sqlite3.Row
) -> None:
    """Raise `platform_limits`, with every fault, when the round's platform does not take such a
    round.

    `row` has platform, packs, opens_at, closes_at, per_resident of a round.
    """
    if not row["platform"]:
        return
    profile = formats.profile_of(row["platform"])
    problems = [*_list_faults(profile, programme, template, row)]
    if problems:
        raise VoucherError(
            "platform_limits",
            "platform {platform} does not take this round",
            problems=problems,
            hint="change what is listed below, or choose another platform with --platform",
            platform=row["platform"],
        )


def read_lead(platform: str) -> int:
    """Read how many seconds before the opening the platform wants its order; 0 for a round that
    is issued here. Raises `bad_yaml`.
    """
    return formats.profile_of(platform).lead_seconds if platform else 0


def warn_of_standing_order(current: RoundAtHand, hint: str) -> tuple[Problem, ...]:
    """Warn when the platform holds an order and the round has changed since."""
    number = issuance_orders.next_number(current.db, current.round_id) - 1
    if not number:
        return ()
    return (
        Problem(
            "order_stands",
            "{platform} still has order {number} of {round}, which is no longer valid",
            level="warning",
            hint=hint,
            params={"platform": current.row["platform"], "number": number, "round": current.code},
        ),
    )


def _list_faults(
    profile: OrderProfile,
    programme: Programme,
    template: Template,
    row: Mapping[str, Any] | sqlite3.Row,
) -> Iterator[Problem]:
    limits, zone = profile.limits, programme.time_zone
    yield from _list_name_faults(template, profile)
    last_use_at = _find_last_use(template, row, zone)
    if limits.window_days and last_use_at > times.add_days(
        row["opens_at"], limits.window_days, zone
    ):
        yield Problem(
            "platform_window",
            "from the opening to the last use are {days} days: {platform} takes at most {most}",
            hint="an earlier --closes-at, or a template with a shorter validity",
            params={
                "days": -((row["opens_at"] - last_use_at) // SECONDS_A_DAY),
                "most": limits.window_days,
                "platform": row["platform"],
            },
        )
    for coupon, count in packs.lines(template):
        if limits.kinds and coupon.kind not in limits.kinds:
            yield Problem(
                "platform_kind",
                "coupon {coupon}: the orders for {platform} cannot state percentages",
                hint=("a template with fixed amounts, or another order profile in configs/orders"),
                params={"coupon": coupon.coupon, "platform": row["platform"]},
            )
        if (
            limits.vouchers_per_resident
            and count * row["per_resident"] > limits.vouchers_per_resident
        ):
            yield Problem(
                "platform_per_resident",
                "{count} vouchers {coupon} for one resident: {platform} gives at most {most}",
                hint="a smaller --per-resident, or fewer coupons in the pack",
                params={
                    "count": count * row["per_resident"],
                    "coupon": coupon.coupon,
                    "platform": row["platform"],
                    "most": limits.vouchers_per_resident,
                },
            )
        if limits.vouchers and count * row["packs"] > limits.vouchers:
            yield Problem(
                "platform_vouchers",
                "{count:,} vouchers {coupon} in all: {platform} takes at most {most:,} in one"
                " order",
                hint="fewer packs, or a second round for the rest",
                params={
                    "count": count * row["packs"],
                    "coupon": coupon.coupon,
                    "platform": row["platform"],
                    "most": limits.vouchers,
                },
            )


def _list_name_faults(template: Template, profile: OrderProfile) -> Iterator[Problem]:
    name, limits = template.name.zh, profile.limits
    if limits.name_characters and len(name) > limits.name_characters:
        yield Problem(
            "platform_name",
            "the name {name} has {count} characters: {platform} shows at most {most}",
            hint="shorten the Chinese name: a new version of the template",
            params={
                "name": name,
                "count": len(name),
                "most": limits.name_characters,
                "platform": profile.order,
            },
        )
    unwanted = "".join(dict.fromkeys(each for each in name if each in limits.name_without))
    if unwanted:
        yield Problem(
            "platform_name",
            "the name {name} has characters that {platform} does not take: {unwanted}",
            hint="change the Chinese name: a new version of the template",
            params={"name": name, "unwanted": unwanted, "platform": profile.order},
        )


def _find_last_use(template: Template, row: Mapping[str, Any] | sqlite3.Row, zone: str) -> int:
    """Find the last second at which a voucher of the round can be used: the end of a voucher
    claimed in the last second of the round, or a later one that was decided.
    """
    pack = packs_law.of_round(template, row["opens_at"])
    last = packs_law.expires_at(pack, row["closes_at"] - 1, zone)
    return max(last, dict(row).get("vouchers_until_at") or 0) - 1


# ---------------------------------------------------------------- the order


def digest_terms(current: RoundAtHand) -> str:
    """Digest all terms of an order except the merchants of the day. When the digest changes, the
    platform needs the next order.
    """
    return hashlib.sha256(canonical.text(_describe_terms(current)).encode()).hexdigest()


def order_round(session: Session, code: str) -> Outcome:
    """Make the next order of a platform round, before the opening where the platform wants it so;
    `write_order` writes it to the outbox.

    Raises `platform_limits`, `not_drawn`.
    """
    with changing(session, code) as current:
        _require_winners(current)
        refuse_unfit(current.programme, current.template, current.row)
        number = issuance_orders.next_number(current.db, current.round_id)
        document, sheet = _compose_files(current, number)
        digest = digest_terms(current)
        issuance_orders.add(
            current.db,
            round_id=current.round_id,
            number=number,
            terms_sha256=digest,
            document=document,
            sheet=sheet,
            ordered_at=session.now,
        )
        current.note(
            "round.order",
            number=number,
            platform=current.row["platform"],
            terms=digest,
            sha256=hashlib.sha256(document.encode()).hexdigest(),
        )
    message = say(
        "ordered {packs:,} packs of {round} from {platform} (order {number})",
        packs=current.row["packs"],
        round=code,
        platform=current.row["platform"],
        number=number,
    )
    return Outcome(data={"round": code, "order": number}, says=(message,))


def order_by_hand(session: Session, code: str, outbox: Path | None = None) -> Outcome:
    """Order a platform round now and write the order to the outbox (beside the database unless
    named). An order that stands with the present terms is written again, byte for byte.

    Raises `platform_limits`, `not_a_platform_round`, `round_over`, `wrong_state`, `not_drawn`.
    """
    with changing(session, code) as current:
        _require_orderable(current)
        order = issuance_orders.last(current.db, current.round_id)
        is_again = order is not None and order.terms_sha256 == digest_terms(current)
        if order is None or not is_again:
            order_round(session._replace(joins=True), code)
            order = issuance_orders.last(current.db, current.round_id)
        else:
            current.note("round.order", number=order.number, platform=order.platform, again=True)
        assert order is not None  # it was kept, or stood already
    path = choose_path(outbox or session.path.resolve().parent / "outbox", order)
    if not session.dry_run:
        write_order(session, order, outbox or session.path.resolve().parent / "outbox")
    about = {
        "round": code,
        "platform": order.platform,
        "order": order.number,
        "packs": current.row["packs"],
        "file": str(path),
        "again": is_again,
    }
    if is_again:
        says = [say("order {order} of {round} stands; it is written again to {file}", **about)]
    else:
        says = [
            say("ordered {packs:,} packs of {round} from {platform} (order {order})", **about),
            say("wrote order {order} of {round} to {file}", **about),
        ]
    return Outcome(about, says=tuple(says))


def _require_orderable(current: RoundAtHand) -> None:
    """Require a round that a platform issues, that is approved or open, and whose closing has not
    come.
    """
    row = current.row
    if not row["platform"]:
        raise VoucherError(
            "not_a_platform_round",
            "round {round} is issued here: there is no platform to order it from",
            hint="voucher round show {round}",
            round=current.code,
        )
    if row["state"] in (*HAS_ENDED, "cancelled"):
        raise VoucherError(
            "round_over",
            "round {round} is {state}: a platform is not told to issue what is over",
            hint="voucher round copy {round} NEW --opens-at TIME",
            round=current.code,
            state=Word(row["state"]),
        )
    if current.now >= row["closes_at"]:
        raise VoucherError(
            "round_over",
            "claiming of round {round} ended at {closes_at}: a platform is not told to issue what"
            " is over",
            hint=(
                "voucher round close {round}"
                if law.is_possible("close", row["state"])
                else "voucher round copy {round} NEW --opens-at TIME"
            ),
            round=current.code,
            closes_at=current.local_time("closes_at"),
        )
    require("order", current)


def _require_winners(current: RoundAtHand) -> None:
    """Require that those who won are known before the platform is told whose packs they are."""
    draw = draws.kept(current.db, current.round_id) if current.row["hands_winners"] else None
    if current.row["hands_winners"] and (draw is None or draw.drawn_at is None):
        raise VoucherError(
            "not_drawn",
            "round {round} is not drawn yet: its order names the winners",
            hint="voucher round draw {round}",
            round=current.code,
        )


def _describe_winners(current: RoundAtHand) -> dict[str, Any]:
    """What the order says of the winners that are handed on, if any are. They are no part of its
    terms, which are asked for at every tick: who won never changes.
    """
    if not current.row["hands_winners"]:
        return {}
    numbers = winners.numbers(current.db, current.round_id)
    text = formats.winners_sheet(numbers)
    return {"winners": {"count": len(numbers), "sha256": hashlib.sha256(text.encode()).hexdigest()}}


def _describe_terms(current: RoundAtHand) -> dict[str, Any]:
    row, zone, template, programme = current.row, current.zone, current.template, current.programme
    terms = {
        "programme": row["programme"],
        "issuer": asdict(programme.issuer),
        "round": row["round"],
        "platform": row["platform"],
        "mode": row["mode"],
        "template": row["pinned"],
        "name": asdict(template.name),
        "packs": row["packs"],
        "pack_value_fen": row["pack_value_fen"],
        "quota_fen": current.row["quota_fen"],
        "limits": {
            "packs_per_resident": row["per_resident"],
            "vouchers_per_payment": programme.limits.vouchers_per_payment,
            "vouchers_per_merchant_per_day": programme.limits.vouchers_per_merchant_per_day,
        },
        "group": row["group"],
        "opens_at": row["opens_at"],
        "closes_at": row["closes_at"],
        "validity": _describe_validity(template.validity),
        "last_use_at": _find_last_use(template, row, zone),
        "coupons": [
            {"coupon_nos": nos, **_said(coupon), "count": count}
            for coupon, count, nos in _list_coupons(template)
        ],
        "scope": _said(template.scope),
        "funding": {share.funder: share.bp for share in template.funding},
        **({"match": _said(template.match)} if template.match else {}),
        "refunds": programme.refunds.document,
        **_describe_cells(current),
    }
    return dated(terms, zone)


def _describe_cells(current: RoundAtHand) -> dict[str, Any]:
    """The cells by which the effect of the round will be known, where a plan is sealed: groups of
    people and their sums, so that the platform keeps what it needs. No number of a person is asked.
    """
    if (kept := effects.sealed(current.db, current.round_id)) is None:
        return {}
    plan = effects_law.plan_of(kept.terms)
    asked = {
        "plan_sha256": kept.sha256,
        "outcome": plan.outcome,
        "weeks": [-plan.before, *plan.windows],
        "stratum": plan.strata,
        "smallest_cell": plan.smallest,
        "arrival_within": plan.bandwidth or None,
        "columns": FIELDS_OF[CELLS],
    }
    return {"effect_cells": asked}


def _said(part: Any) -> Any:
    """A part of a template, without the keys that its document does not have: terms stay as they
    were when there were fewer keys.
    """
    return _plain(asdict(part, dict_factory=configs.without_later_keys))


def _plain(value: Any) -> Any:
    """A value of a document with lists in place of sets."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _list_coupons(template: Template) -> list[tuple[Coupon, int, str]]:
    """List each kind of coupon, how many of it, and their numbers in the pack (`1-5`)."""
    lines, first = [], 1
    for coupon, count in packs.lines(template):
        lines.append((coupon, count, f"{first}-{first + count - 1}" if count > 1 else str(first)))
        first += count
    return lines


def _compose_files(current: RoundAtHand, number: int) -> tuple[str, str]:
    """Compose the two files of an order: JSON with everything, CSV in the platform's terms."""
    profile = formats.profile_of(current.row["platform"])
    merchants = _describe_merchants(current)
    rows = formats.in_their_terms(
        profile, _list_rows(current, profile, number, merchants), money.yuan
    )
    order = {
        "voucher_order": 1,
        **({"rehearsal": True} if current.session.is_rehearsal else {}),
        "order_no": _format_order_no(current, number),
        "number": number,
        "supersedes": number - 1 or None,
        "ordered_at": times.iso(current.now, current.zone),
        **_describe_terms(current),
        **_describe_winners(current),
        "merchants": merchants,
        "in_their_terms": {"profile": profile.order or None, "rows": rows},
    }
    return json.dumps(order, ensure_ascii=False, indent=2) + "\n", formats.sheet(rows)


def _format_order_no(current: RoundAtHand, number: int) -> str:
    mark = "REHEARSAL-" if current.session.is_rehearsal else ""
    return f"{mark}{current.row['programme']}-{current.code}-{number}"


def _describe_validity(validity: Validity) -> dict[str, Any]:
    """The validity as the template says it: the opening of its round stands beside it."""
    return {key: value for key, value in _said(validity).items() if key != "opened_at"}


def _count_minutes(validity: Validity) -> int | None:
    """How many minutes after its claim a voucher ends; None: that is not all that its end says."""
    if validity.no_later_than is not None or validity.days is validity.hours is None:
        return None
    seconds = (validity.days or 0) * SECONDS_A_DAY + (validity.hours or 0) * packs_law.AN_HOUR
    return seconds // 60


def _list_rows(
    current: RoundAtHand, profile: OrderProfile, number: int, merchants: dict[str, Any]
) -> list[dict[str, Any]]:
    """List the rows of the order under our own names: one for each kind of coupon, or one for the
    pack; amounts in fen.
    """
    row, zone, template = current.row, current.zone, current.template
    minutes = _count_minutes(template.validity)
    same = {
        "programme": row["programme"],
        "round": row["round"],
        "name_zh": template.name.zh,
        "name_en": template.name.en,
        "packs": row["packs"],
        "packs_per_resident": row["per_resident"],
        "opens_at": row["opens_at"],
        "closes_at": row["closes_at"],
        "last_use_at": _find_last_use(template, row, zone),
        "validity_minutes": minutes,
        "merchants": merchants["count"],
        "merchants_sha256": merchants["sha256"],
        "channel": template.scope.channel,
    }

    def line(no: str, coupon: str, kind: str, count: int, face_fen: int, **more: Any) -> Any:
        return dated(same, zone) | {
            "order_no": no,
            "coupon": coupon,
            "kind": kind,
            "count": count,
            "vouchers": row["packs"] * count,
            "denomination": face_fen,
            "threshold": None,
            "percent": None,
            "vouchers_per_resident": row["per_resident"] * count,
            **more,
        }

    number_text = _format_order_no(current, number)
    if profile.rows == "pack":
        coupons = " + ".join(
            f"{count} x {each.coupon}" for each, count, _ in _list_coupons(template)
        )
        count, face_fen = len(template.coupons), row["pack_value_fen"]
        return [line(number_text, coupons, "pack", count, face_fen, amount=row["quota_fen"])]
    return [
        line(
            f"{number_text}-{place}",
            each.coupon,
            each.kind,
            count,
            each.denomination_fen,
            threshold=each.threshold_fen,
            percent=None if each.percent_bp is None else percents_text(each),
            amount=row["packs"] * count * each.denomination_fen,
        )
        for place, (each, count, _) in enumerate(_list_coupons(template), 1)
    ]


def _describe_merchants(current: RoundAtHand) -> dict[str, Any]:
    """Count the merchants that may take the voucher at the opening, with the SHA-256 of their
    sorted numbers, one on each line.
    """
    where, at = current.template.scope, current.row["opens_at"]
    numbers = sorted(each.merchant_no for each in plans.merchants_at(current.db, where, at))
    text = "".join(f"{number}\n" for number in numbers)
    return {
        "count": len(numbers),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "is_open_to_all": scope.registration_open(where),
    }


# ---------------------------------------------------------------- the outbox


def choose_path(outbox: Path, order: Order) -> Path:
    """Choose the path of an order's JSON: OUTBOX/PLATFORM/PROGRAMME-ROUND-order-N.json; the CSV
    lies beside it.
    """
    folder = folders.name_folder(order.platform)
    return outbox / folder / f"{order.programme}-{order.round}-order-{order.number}.json"


def write_order(session: Session, order: Order, outbox: Path) -> Path:
    """Write one stored order to the outbox: first the list of the winners that are handed on, if
    any, and the CSV, then the JSON (a reader who sees the JSON finds all), then record that it is
    written.

    When the process dies in between, the next tick writes the same bytes again. Raises
    `untrusted_folder`, `unwritable_file`.
    """
    path = choose_path(outbox, order)
    trust.require_folder(outbox, is_ours=True)
    trust.require_folder(path.parent, is_ours=False)
    if "winners" in json.loads(order.document):
        text = formats.winners_sheet(winners.numbers_for(session.db, order.order_id))
        folders.write(path.with_name(f"{path.stem}-winners.csv"), text)
    folders.write(path.with_suffix(".csv"), order.sheet)
    folders.write(path, order.document)
    with writing(session) as db:
        issuance_orders.written(db, order.order_id, session.now)
    return path
