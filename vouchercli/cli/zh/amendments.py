"""Amendments of rounds, staff and logins, what is rolled in."""

TEXT = {
    # kinds, states
    "pause": "暂停",
    "resume": "恢复",
    "top-up": "追加份数",
    "reschedule": "改期",
    "close": "提前截止",
    "proposed": "待批准",
    "effective": "已生效",
    "declined": "已退回",
    "void": "已失效",
    # help
    "Pause an open round at once: no claim made from now on counts.": "立即暂停领取中的一期：此后的领取无效。",
    "Propose to resume a paused round; a second person approves it (round approve).": "提议恢复已暂停的一期；须由另一人批准（round approve）。",
    "Propose more packs for a round; a second person approves it (round approve), which commits the money.":
        "提议为一期追加份数；由另一人批准（round approve），批准即占用资金。",
    "Propose another opening or closing, earlier or later; a second person approves it (round approve).":
        "提议提前或推迟开放、截止时间；须由另一人批准（round approve）。",
    "Why: the checkers read it.": "理由：供复核人员查看。",
    "How many packs more.": "追加的份数。",
    "The new opening, while the round is not open yet.": "新的开放时间（尚未开放时）。",
    "The new closing (a bare date: its end).": "新的截止时间（只写日期即到当日结束）。",
    # what was done
    "paused {round}: no claim made from {at} on counts": "已暂停 {round}：自 {at} 起的领取无效",
    "next: voucher round resume {round}, then by a second person: voucher round approve {round}":
        "下一步：voucher round resume {round}，再由另一人运行：voucher round approve {round}",
    "proposed for {round}: {kind}; checkers needed: {checkers}": "已对 {round} 提出：{kind}；需要复核人数：{checkers}",
    "approved the amendment of {round} ({given} of {needed} checkers); one more person must approve":
        "{round} 的调整已获 {given} 人批准（共需 {needed} 人）；还须另一人批准",
    "topped up {round} to {packs:,} packs: {amount} yuan more committed": "{round} 已追加至 {packs:,} 份：另占用资金 {amount} 元",
    "resumed {round}: claims count again until {closes_at}": "已恢复 {round}：领取重新计入，至 {closes_at} 止",
    "rescheduled {round}: claims count from {opens_at} to {closes_at}": "{round} 已改期：领取时间自 {opens_at} 起，至 {closes_at} 止",
    "rejected the amendment of {round} ({kind}); the round stands as it was": "已退回 {round} 的调整（{kind}）；该期维持原状",
    # refusals
    "an amendment of round {round} ({kind}), proposed by {actor}, still waits for approval":
        "{round} 期已有一项调整（{kind}，由 {actor} 提出）等待批准",
    "voucher round approve {round} --actor NAME, or voucher round reject {round} --note WHY --actor NAME":
        "voucher round approve {round} --actor 姓名，或 voucher round reject {round} --note 理由 --actor 姓名",
    "say what to move: --opens-at, --closes-at or both": "请写明要改的时间：--opens-at、--closes-at 或两者",
    "{funder} is short of {missing} yuan: the top-up cannot be approved": "{funder} 尚缺 {missing} 元：追加无法批准",
    "round {round} is {state}: its opening cannot be moved any more": "{round} 期的状态为“{state}”：开放时间不能再改",
    "{at} is not ahead: it is {now}, and nobody could keep to it": "{at} 已不在将来：现在是 {now}，无人能够遵守",
    "propose a time to come": "请提出将来的时间",
    "a pack was claimed at {at}: the round cannot close before": "{at} 尚有领取：截止时间不能早于此",
    "propose a later --opens-at": "请提出更晚的 --opens-at",
    "propose a later --closes-at": "请提出更晚的 --closes-at",
    # staff and logins
    "{actor} acts under a login of their own, not under {login}: logins are personal in {programme}":
        "{actor} 须以本人的登录名办理，不能用 {login}：项目 {programme} 规定登录名专人专用",
    "let {actor} do it, or leave out --actor": "请由 {actor} 本人办理，或去掉 --actor",
    "{actor} is neither maker nor checker of programme {programme} (its staff: {staff})":
        "{actor} 既不是项目 {programme} 的经办人员，也不是复核人员（人员：{staff}）",
    "let one of them do it with --actor NAME": "请由其中一人以 --actor 姓名 办理",
    "{actor} acts under {login}, the login of {other}: where logins are personal they count as one person":
        "{actor} 使用的登录名 {login} 也是 {other} 的：登录名专人专用时，两者视为同一人",
    "let another checker do it under their own login": "请由另一名复核人员以本人的登录名办理",
    "{actor} approved under {login}, the login that also acted as {also}: one person may stand behind both names.":
        "{actor} 批准时使用的登录名 {login} 也曾以 {also} 的名义办理：两个名字背后可能是同一人。",
    "staff, approvals and logins of programme {programme} are changed by one of its checkers only":
        "项目 {programme} 的人员、审批档次和登录规定只能由其复核人员更改",
    "let one of {checkers} load it, with --actor NAME": "请由 {checkers} 之一以 --actor 姓名 载入",
    "finance": "财务",
    "logins": "登录名",
    "shared": "可共用",
    "personal": "专人专用",
    "batch {batch} granted packs of {rounds}, under way: undone, they could be granted again":
        "批次 {batch} 含领取中期次 {rounds} 的领取：撤销后这些份数可被再次发放",
    "if that is meant: voucher batch undo {batch} --yes": "如确需撤销：voucher batch undo {batch} --yes",
    # rolled in
    "{unclaimed:,} packs of {round} are unclaimed and not rolled in: --packs was given":
        "{round} 有 {unclaimed:,} 份未领取，因已写明 --packs，未转入",
    "nothing is rolled in: round {round} is {state}; copy it after it has closed": "未转入：{round} 期的状态为“{state}”；请在其截止后再复制",
    "nothing is rolled in: {other} took over the unclaimed packs of {round}": "未转入：{round} 未领取的份数已转入 {other}",
    "rolled in: {packs:,} packs, {amount} yuan, from {unclaimed:,} unclaimed packs of {round}":
        "转入：{packs:,} 份，{amount} 元，来自 {round} 未领取的 {unclaimed:,} 份",
    "rolled in: {packs:,} packs, {amount} yuan, from {unclaimed:,} unclaimed packs of {round} and {expired} yuan of its expired vouchers":
        "转入：{packs:,} 份，{amount} 元，来自 {round} 未领取的 {unclaimed:,} 份及其过期券的 {expired} 元",
    "rolled in": "转入份数",
    # the table
    "Amendments": "调整记录",
    "no.": "序号",
    "amendment": "调整",
    "change": "变化",
    "effective or ended": "生效或了结",
    "checked by": "复核人",
}
