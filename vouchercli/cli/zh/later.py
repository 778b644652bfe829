"""Clauses of notices that the program does not do yet."""

TEXT = {
    "a balance (a sum that is used in parts until nothing is left of it) is not kept here: a voucher is used once, whole": "不支持余额（可分次使用、用完为止的一笔金额）：每张券一次用完",
    'do not write it as amount_off: payments below the whole sum would be refused, and what is left of it would lapse. Notes of fixed amounts can be written: {{count: 10, kind: amount_off, denomination: "10.00", threshold: "10.00"}}': '请勿改写成 amount_off：低于全额的支付会被拒绝，余下的金额会作废。固定面额的券可以写：{{count: 10, kind: amount_off, denomination: "10.00", threshold: "10.00"}}',
    "several vouchers or reductions together on one payment are not judged here: a payment uses one voucher": "不支持一笔支付同时使用多张券或多种优惠：一笔支付只用一张券",
    "leave it out only where the notice says one voucher a payment: otherwise every further voucher of a payment would be refused, and its money would not be paid": "仅当公告规定一笔支付用一张券时才可删去：否则同一笔支付的其余各券都会被拒绝，其补贴不予支付",
    "a pack that residents buy is not kept here: packs are given out free of charge": "不支持居民购买的卡包：卡包一律免费发放",
    "do not write it as a free pack: the fund would pay its whole face, also what the residents have paid for it (too much by packs x price)": "请勿改写成免费卡包：资金将承担全部面额，包括居民已付的部分（多付：份数 × 售价）",
    "a sum that is added in a case (an old car scrapped) is not judged here: a voucher pays what its coupon says": "不支持按情形加发的金额（如报废旧车）：每张券按其面额抵扣",
    "write a template and a round for each sum, given to those on a list: voucher round create --mode targeted --group NAME. Left out, everyone would get the smaller sum": "请为每种金额各写一个券模板、各建一个期次，按名单发放：voucher round create --mode targeted --group 名称。如删去，所有人都只得较小的金额",
    "bought first, reviewed, then granted is not done here: a voucher is claimed before it pays": "不支持先购买、后审核、再发放：券须先领取、后使用",
    "grant it after the review: a targeted round for those who passed it, a template and a group for each amount (voucher round create --mode targeted --group NAME). A payment from before its claim is refused, and its money is not paid": "请在审核之后发放：为通过审核的人建定向期次，每种金额一个券模板、一个群体（voucher round create --mode targeted --group 名称）。早于领取的支付会被拒绝，其补贴不予支付",
    "one pack a household, a vehicle or anything else but a person is not counted here: packs are counted by resident": "不支持按户、按车或按其他单位限领：份数按居民计算",
    "write the number of the household (the vehicle) as the resident in every file; by the numbers of persons, each member would get a pack": "请在所有文件中以户号（车辆号）作为居民；如写个人号码，每名成员都能领一份",
    "the order in which a refund is shared between buyer and voucher is not followed here": "不支持退款在买方与券之间的先后顺序",
    "write under money what of the voucher goes back to the fund in each case: returns, pro_rata or stays. Left out, a refund in part takes its share of the voucher's money": "请在 money 下写明每种情形下券款如何退回：returns、pro_rata 或 stays。如不写，部分退款按比例退回券款",
    "how and when merchants are paid is not settled here": "本系统不办理与商户的结算",
    "leave it out and say it under not_enforced: no voucher pays more or less by it": "请删去，并写入 not_enforced：它不影响任何券的抵扣金额",
    "the terms of a round stand in no file": "期次的条款不写在文件里",
    "leave them out here and give them to voucher round create: mode, packs, opening, closing": "请在此删去，改为 voucher round create 的选项：发放方式、份数、开始与截止时间",
    "amounts in another currency are not kept here: every amount is in yuan and fen": "不支持其他货币：所有金额均以元、分记录",
    "leave currency out for a rehearsal only: every report calls the amounts yuan, and shares are rounded to hundredths, also of a currency that has none (JPY, KRW)": "仅在演练时可删去 currency：所有报表都把金额写作元，分摊一律取到百分之一，即使该货币没有辅币（JPY、KRW）",
}
