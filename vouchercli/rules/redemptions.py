"""The law of one payment or refund by itself. What it meets on its voucher's timeline (already
redeemed, limits, refunds) is in `rules.vouchers`.

A refund is not held to what only a payment must meet: it gives money back, and may do so at a
suspended merchant, out of hours or late.
"""

from __future__ import annotations

from vouchercli.rules.ladders import Ladder, Rung

# Columns made before it: round_id, known_coupon_no, merchant_id (NULL: not known), is_suspended (at
# paid_at), is_in_scope (of the round's template), lawful_fen (what the coupon gives for the base),
# broken_detail (the reason that what the row says of its goods gives; '': none), usable_at (from
# when on the voucher can be used; NULL: at once), stated_fen (what the file says it gave; NULL:
# nothing), most_base_fen (the price end; NULL: none), is_settled (its round takes nothing more),
# latest_at (rows may not be later; NULL: nobody asks).
PAYMENTS = Ladder(
    "payments",
    "Payments and refunds",
    (
        Rung(
            "in_future",
            "paid_at > latest_at",
            "it was paid or refunded before now (the clock may differ by what the programme"
            " allows)",
            "the platform reports what was paid",
        ),
        Rung(
            "unknown_claim",
            "round_id IS NULL",
            "the claim is known",
            "vouchers are those of a claimed pack",
        ),
        Rung(
            "unknown_coupon",
            "known_coupon_no IS NULL",
            "the pack has that coupon",
            "each pack holds so many vouchers of so much",
        ),
        Rung(
            "unknown_merchant",
            "merchant_id IS NULL",
            "the merchant is in the registry",
            "at merchants that take part",
        ),
        Rung(
            "merchant_suspended",
            "kind = 'pay' AND is_suspended = 1",
            "the merchant was not suspended when it was paid",
            "merchants that break the rules lose their part in the event",
        ),
        Rung(
            "out_of_scope",
            "kind = 'pay' AND is_in_scope = 0",
            "place, trade, channel, weekday and hour are in the voucher's scope",
            "valid in the named districts, trades and hours",
        ),
        Rung(
            "other_goods",
            "kind = 'pay' AND broken_detail = 'other_goods'",
            "the goods are of a class that the voucher is for (where the row says them)",
            "valid for the classes of goods that are named; not for tobacco, cards, top-ups",
        ),
        Rung(
            "other_grade",
            "kind = 'pay' AND broken_detail = 'other_grade'",
            "the goods have a grade that the voucher is for (where the row says it)",
            "of energy or water grade 1 or 2",
        ),
        Rung(
            "too_many_units",
            "kind = 'pay' AND broken_detail = 'too_many_units'",
            "the order has no more pieces than the voucher is for (where the row says them)",
            "for one piece, or one set, in an order",
        ),
        Rung(
            "delivered_elsewhere",
            "kind = 'pay' AND broken_detail = 'delivered_elsewhere'",
            "the goods go where the voucher is for (where the row says it)",
            "delivered inside the city",
        ),
        Rung(
            "not_beside",
            "kind = 'pay' AND broken_detail = 'not_beside'",
            "nothing is paid beside it that the voucher excludes (where the row says it)",
            "not together with stored-value cards, or other offers of the platform",
        ),
        Rung(
            "not_yet_valid",
            "paid_at < claimed_at OR (kind = 'pay' AND paid_at < usable_at)",
            "it was paid or refunded after the claim, and not before the voucher can be used",
            "to be used once it is claimed, or from a day on",
        ),
        Rung(
            "expired",
            "kind = 'pay' AND paid_at >= expires_at",
            "it was paid before the voucher expired",
            "not used in time, the voucher lapses",
        ),
        Rung(
            "below_threshold",
            "kind = 'pay' AND base_fen < threshold_fen",
            "the amount after merchant discounts reaches the threshold",
            "on orders of at least so much, after the merchant's own discounts",
        ),
        Rung(
            "above_price_end",
            "kind = 'pay' AND base_fen > most_base_fen",
            "the amount after merchant discounts is not above the voucher's price end",
            "for orders from so much to so much; not for goods that cost more than so much",
        ),
        Rung(
            "subsidy_mismatch",
            "kind = 'pay' AND stated_fen <> lawful_fen",
            "the voucher paid what it gives by the rules",
            "takes so much off, or so many per cent up to a cap",
        ),
        Rung(
            "round_settled",
            "is_settled = 1",
            "the round was not settled when it came",
            "what was not handed in by the end is not paid",
        ),
    ),
)
