"""Reports, and the tables in which everything is shown."""

TEXT = {
    "What each public yuan did: gross, own-spend and floor, net of refunds.":
        "每一元财政资金带动了什么：毛杠杆、实付杠杆与下限，已扣除退款。",
    "Each round: claimed, sold out to the second, the four redemption rates, outstanding, expired, breaches.":
        "各期情况：领取、领完时刻（精确到秒）、四种核销率、未用、失效、违规。",
    "round, template, coupon, day, week, month, district, industry, size, merchant, platform or channel.":
        "分组方式：round 期、template 券模板、coupon 券、day 日、week 周、month 月、district 区县、industry 行业、"
        "size 规模、merchant 商户、platform 平台、channel 渠道。",
    "Only these rounds; may be given several times.": "只统计这些期；可多次给出。",
    "Only what was paid at TIME or later.": "只统计该时刻及以后的支付。",
    "Show the public funders one by one.": "逐一列出各财政出资方。",
    "How many rows to tell (0: all; unless given, all, but of merchants 50 in a table); the total is of all.":
        "列出多少行（0：全部；不给出时列出全部，仅按商户的表格列 50 行）；合计始终为全部。",
    "{shown} of {count} rows; --limit 0 shows all": "共 {count} 行，显示 {shown} 行；--limit 0 显示全部",
    "there is no report by {by}; did you mean {near}?": "报表不能按 {by} 分组；您是否要写 {near}？",
    "there is no report by {by}": "报表不能按 {by} 分组",
    "--since lies after --as-of: nothing can be in between": "--since 晚于 --as-of：其间不可能有任何记录",
    "exchange the two": "请将两者对调",
    "nothing has been redeemed yet; next: voucher redemption import FILE": "尚无核销；下一步：voucher redemption import 文件",
    "nothing was redeemed in this span of time; try without --since and --as-of": "该时段内没有核销；可去掉 --since 与 --as-of 再试",
    "there is no round yet; next: voucher round create CODE": "尚无任何一期；下一步：voucher round create CODE",
    # titles
    "Leverage by {by}: {programme}": "杠杆（按{by}）：{programme}",
    "Leverage by {by}: {programme}, as of {as_of}": "杠杆（按{by}）：{programme}，截至 {as_of}",
    "Redemption rates": "核销率",
    "Published figures": "已公布数字",
    "Public funders": "财政出资方",
    "Rounds: {programme}": "各期：{programme}",
    "Rounds: {programme}, as of {as_of}": "各期：{programme}，截至 {as_of}",
    # groupings
    "template": "券模板", "coupon": "券", "day": "日", "week": "周", "month": "月", "district": "区县", "industry": "行业",
    "size": "规模", "merchant": "商户", "platform": "平台", "channel": "渠道",
    "Round": "期次", "Template": "券模板", "Coupon": "券", "Day": "日", "Week": "周", "Month": "月", "District": "区县", "Industry": "行业",
    "Size": "规模", "Merchant": "商户", "Platform": "平台", "Channel": "渠道",
    "total": "合计",
    "(not stated)": "（未注明）",
    "(issued here)": "（本地发放）",
    "(none)": "（无）",
    # headings
    "Name": "名称",
    "Redemptions": "核销笔数",
    "Base spend": "拉动消费(交易额)",
    "Subsidy": "财政补贴",
    "Platform paid": "平台出资",
    "Match": "商户配套",
    "Own": "实付",
    "G": "G",
    "N": "N",
    "Floor": "下限",
    "Used of claimed": "核销率（张数）",
    "Vouchers claimed": "已领张数",
    "Paid of claimed": "核销率（金额）",
    "Paid by vouchers": "券抵扣金额",
    "Face claimed": "领取面额",
    "Vouchers used": "已用张数",
    "Claimed": "已领",
    "Paid": "券抵扣",
    "By count": "按张数",
    "By amount": "按金额",
    "About": "口径",
    "Our G": "本库G",
    "Source": "来源",
    "State": "状态",
    "Packs": "份数",
    "Claim rate": "领取率",
    "Opens": "开始",
    "Sold out": "领完",
    "Seconds": "用时(秒)",
    "Of quota": "按总额",
    "By person": "按人数",
    "Outstanding": "未用",
    "Expired": "失效",
    "Rule breaches": "违规",
    # notes
    "Only rounds: {rounds}.": "仅含：{rounds}。",
    "Only what was paid at {since} or later.": "仅含 {since} 及以后的支付。",
    "G (gross) = base / subsidy: order value of payments that used a voucher, per yuan of public subsidy; not new consumption.":
        "G（毛杠杆）＝交易额 ÷ 财政补贴：每元财政补贴对应的用券交易额，不是新增消费。",
    "N (own-spend) = own / subsidy; own = base - subsidy - platform - match: what consumers paid themselves.":
        "N（实付杠杆）＝实付 ÷ 财政补贴；实付＝交易额－财政补贴－平台－商户配套，由消费者自付。",
    "Floor = thresholds / face of the redeemed vouchers: the least that G can be. Totals are pooled, never averaged; "
    "all is net of refunds.":
        "下限＝已核销券的门槛合计 ÷ 面额合计，G 不会低于它。合计以总额相除，不取平均；均已扣除退款。",
    "By count = vouchers used / vouchers claimed; by amount = paid by vouchers (all funders) / face claimed.":
        "按张数＝已用张数 ÷ 已领张数；按金额＝券抵扣金额（全部出资方）÷ 领取面额。",
    "Printed by others, not computed here and never added to our figures.": "以上为他方公布的数字，不由本程序计算，也不并入本库数字。",
    "To see ours beside one of them, give its moment with --as-of.": "要与本库数字对照，请用 --as-of 给出其截止时刻。",
    "By count = vouchers used / claimed; by amount = paid / face claimed; of quota = paid / packs x pack value; "
    "by person = residents who used one / residents who claimed.":
        "按张数＝已用 ÷ 已领；按金额＝抵扣 ÷ 领取面额；按总额＝抵扣 ÷（份数×每份面额）；按人数＝用过券的人数 ÷ 领取人数。",
    "Outstanding and expired: face of claimed vouchers that were not used. Rule breaches: rejected claims that broke the rules of issue.":
        "未用、失效：已领未核销券的面额。违规：因违反发放规则而被拒的领取记录。",
    # amounts
    "Amounts in {unit}; -o csv and -o json are exact.": "金额单位：{unit}；-o csv 与 -o json 为精确值。",
    "yuan, rounded": "元（已取整）",
    "10,000 yuan, rounded": "万元（已取整）",
}
