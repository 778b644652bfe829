"""Rounds: voucher round ..."""

TEXT = {
    # states, modes, verdicts, weekdays
    "draft": "草稿",
    "submitted": "待复核",
    "approved": "已批准",
    "open": "领取中",
    "paused": "已暂停",
    "closed": "已截止",
    "settled": "已结算",
    "archived": "已归档",
    "cancelled": "已取消",
    "fcfs": "先到先得",
    "lottery": "摇号",
    "targeted": "定向发放",
    "submit": "提交",
    "approve": "批准",
    "reject": "退回",
    "Monday": "星期一",
    "Tuesday": "星期二",
    "Wednesday": "星期三",
    "Thursday": "星期四",
    "Friday": "星期五",
    "Saturday": "星期六",
    "Sunday": "星期日",
    # help
    "Draft a round: which pack, how many, when, for whom.": "起草一期：发哪种卡包、发多少份、何时发、发给谁。",
    "Change a round before it opens: it becomes a draft again and its approvals are void.":
        "在开放前修改一期：该期回到草稿，已有的批准作废。",
    "Draft the next round from this one; options given here replace what it had.": "以此期为底稿起草下一期；此处给出的选项替换原有内容。",
    "List the rounds by their opening.": "按开放时间列出各期。",
    "Show a round: its terms, its money, its approvals and amendments, what was claimed.": "显示一期：条件、资金、审批与调整记录、领取情况。",
    "Foresee a round: largest liability, money left, dates, merchants, what past rounds came to.":
        "预估一期：最大支出、剩余资金、日期、可用商户，以及往期的实际结果。",
    "Hand a draft in for approval.": "将草稿提交复核。",
    "Approve a round, or an amendment of it, as a second person; the last approval needed commits its money.":
        "由另一人复核批准一期或其调整；所需的最后一个批准即占用资金。",
    "Send a round, or an amendment of it, back to its maker, with the reason.": "将一期或其调整退回经办人，并写明理由。",
    "Open an approved round for claims (--yes: although its time has not come).": "开放已批准的一期供领取（--yes：虽未到开放时间）。",
    "Close a round (--yes: propose it before its time; claiming ends when a second person approves it).":
        "截止一期（--yes：提议提前截止，另一人批准之时领取结束）。",
    "Cancel a round that nobody has claimed from; its money is free again.": "取消尚无人领取的一期，其占用的资金随即释放。",
    "The round, for example hz-1.": "期次代码，例如 hz-1。",
    "The code of the new round.": "新一期的代码。",
    "The card pack (the newest version, unless @V is given).": "卡包（不写 @V 即用最新版本）。",
    "Another card pack or version.": "换用其他卡包或版本。",
    "How many packs may be claimed.": "可领取的卡包份数。",
    "When claiming begins, in the programme's zone.": "开始领取的时间（按项目所在时区）。",
    "When claiming ends (a bare date: its end); else when the first voucher expires.":
        "结束领取的时间（只写日期即到当日结束）；不写则为最早领取的券失效之时。",
    "How packs are granted (fcfs unless given).": "发放方式：fcfs 先到先得、lottery 摇号、targeted 定向（不写即 fcfs）。",
    "The platform that issues it (else issued here).": "负责发放的平台（不写则由本系统发放）。",
    "Only residents of this group, by the eligibility list.": "仅限资格名单中该群体的居民。",
    "Packs for one resident at most (the programme's limit unless given).": "每位居民最多领取的份数（不写则按项目上限）。",
    "When residents may begin to register.": "居民开始报名的时间。",
    "Why: the maker reads it.": "理由：供经办人查看。",
    # drafting
    "drafted {round}: {packs:,} packs of {template}, {quota} yuan at most":
        "已起草 {round}：卡包 {template} 共 {packs:,} 份，最多支出 {quota} 元",
    "claims count from {opens_at} to {closes_at}": "领取时间自 {opens_at} 起，至 {closes_at} 止",
    "next: voucher round plan {round}, then voucher round submit {round}":
        "下一步：先运行 voucher round plan {round}，再运行 voucher round submit {round}",
    "round {round} has these terms already; nothing was changed": "{round} 期的条件本来如此，未作改动",
    "round {round} opens at {opens_at}, which has passed": "{round} 期的开放时间 {opens_at} 已经过去",
    "to enter an old round as of its time, add --now TIME": "如要补录往期，请加上 --now 时间",
    "say what to change, for example --packs or --opens-at": "请写明要修改的内容，例如 --packs 或 --opens-at",
    "there is no mode {mode}": "没有发放方式 {mode}",
    "{text} does not name a version": "{text} 没有正确写明版本",
    "write it like {code}@1": "请写成 {code}@1 的形式",
    "template {template} does not fit programme {programme}: it is paid by others": "券模板 {template} 的出资方与项目 {programme} 不符",
    "{packs} packs for one resident: programme {programme} allows {limit} a round":
        "每位居民 {packs} 份：项目 {programme} 规定每期最多 {limit} 份",
    "--per-resident {limit}, or change the programme's limits": "改用 --per-resident {limit}，或修改项目的上限",
    "{packs:,} packs of {value} yuan are more than any budget": "{packs:,} 份、每份 {value} 元，超出任何预算的规模",
    "look at --packs again": "请核对 --packs",
    "claims until {closes_at} would get vouchers that end at {until}": "领取持续到 {closes_at}，而券在 {until} 即失效",
    "--closes-at {until}, or a template with a later end": "改用 --closes-at {until}，或换用失效时间更晚的券模板",
    "the round would close at {closes_at}, not after its opening at {opens_at}": "截止时间 {closes_at} 不晚于开放时间 {opens_at}",
    "give a later --closes-at": "请给出更晚的 --closes-at",
    "registration would open at {registration}, not before the round at {opens_at}":
        "报名开始时间 {registration} 不早于开放时间 {opens_at}",
    "give an earlier --registration-opens": "请给出更早的 --registration-opens",
    "{round} cannot be a round's code: letters, digits, - _ . (ASCII), 40 at most":
        "{round} 不能用作期次代码：只能用英文字母、数字和 - _ .，最多 40 个字符",
    "take {suggestion}": "可用 {suggestion}",
    "there is a round {standing} already": "已有 {standing} 这一期",
    "there is no round {round}": "没有 {round} 这一期",
    "there is no round {round}; did you mean {near}?": "没有 {round} 这一期；是否指 {near}？",
    # approving
    "submitted {round}; checkers needed: {checkers}": "已提交 {round}；需要复核人数：{checkers}",
    "next: voucher round approve {round} --actor NAME, by someone other than {authors}":
        "下一步：由 {authors} 以外的人运行 voucher round approve {round} --actor 姓名",
    "approved {round}: {amount} yuan committed": "已批准 {round}：占用资金 {amount} 元",
    "approved {round}: none of its funders has a fund to watch, so nothing was committed":
        "已批准 {round}：其出资方均未设资金额度，无需占用资金",
    "approved {round} ({given} of {needed} checkers); one more person must approve":
        "{round} 已获 {given} 人批准（共需 {needed} 人）；还须另一人批准",
    "next: voucher round open {round}": "下一步：voucher round open {round}",
    "sent {round} back to its maker: {note}": "已将 {round} 退回经办人：{note}",
    "next: voucher round edit {round}, then voucher round submit {round}":
        "下一步：先运行 voucher round edit {round}，再运行 voucher round submit {round}",
    "{actor} is not a checker of programme {programme} (its checkers: {checkers})":
        "{actor} 不是项目 {programme} 的复核人员（复核人员：{checkers}）",
    "let a checker do it with --actor NAME, or add the role to the programme's staff":
        "请由复核人员以 --actor 姓名 办理，或在项目的人员名单中加上该角色",
    "{actor} made, edited or submitted round {round}: another person must approve it":
        "{round} 期由 {actor} 起草、修改或提交，须由另一人批准",
    "{actor} has approved round {round} already: another checker must approve it too":
        "{actor} 已批准过 {round} 期，须由另一名复核人员批准",
    # opening, closing, cancelling
    "round {round} is already {state}": "{round} 期已处于“{state}”状态",
    "round {round} is {state}: nothing more can be done with it": "{round} 期的状态为“{state}”，不能再作任何操作",
    "round {round} is {state}: {deed} is not possible now (possible: {possible})":
        "{round} 期的状态为“{state}”，目前不能执行 {deed}（可执行：{possible}）",
    "round {round} opens at {opens_at}; it is {now} now": "{round} 期的开放时间为 {opens_at}，现在是 {now}",
    "wait, or add --yes (claims still count from {opens_at}); to advance it: voucher round reschedule {round} --opens-at TIME":
        "请等待，或加上 --yes（领取仍从 {opens_at} 起算）；如要提前开放：voucher round reschedule {round} --opens-at 时间",
    "opened {round}: claims count from {opens_at} to {closes_at}": "已开放 {round}：领取时间自 {opens_at} 起，至 {closes_at} 止",
    "next: voucher claim import FILE, then voucher round close {round}":
        "下一步：先运行 voucher claim import 文件，再运行 voucher round close {round}",
    "round {round} was to close at {closes_at}: only claims from before then still count":
        "{round} 期应于 {closes_at} 截止：只有此前的领取仍然有效",
    "round {round} closes at {closes_at} and has {left:,} packs left; it is {now} now":
        "{round} 期的截止时间为 {closes_at}，尚余 {left:,} 份；现在是 {now}",
    "wait, or propose to end it for good: voucher round close {round} --yes (a second person approves it)":
        "请等待，或提议提前截止且不可恢复：voucher round close {round} --yes（须由另一人批准）",
    "closed {round}: {claimed:,} of {packs:,} packs claimed": "已截止 {round}：共 {packs:,} 份，已领取 {claimed:,} 份",
    "claims from before {closes_at} may still be imported": "{closes_at} 之前的领取记录仍可导入",
    "next: voucher report rounds": "下一步：voucher report rounds",
    "{claimed:,} packs of round {round} are claimed: it can be closed, not cancelled":
        "{round} 期已有 {claimed:,} 份被领取：只能截止，不能取消",
    "cancelled {round}; {amount} yuan are uncommitted again": "已取消 {round}；{amount} 元恢复为未占用资金",
    # list and show
    "Rounds of {programme}": "项目 {programme} 的各期",
    "no round yet; next: voucher round create CODE --template T --packs N --opens-at TIME":
        "尚无任何一期；下一步：voucher round create 代码 --template 券模板 --packs 份数 --opens-at 时间",
    "Round {round}: {state}, {mode}": "{round} 期：{state}，{mode}",
    "Money by funder": "各出资方资金",
    "Approvals": "审批记录",
    "round": "期次",
    "state": "状态",
    "template": "券模板",
    "packs": "份数",
    "claimed": "已领取",
    "opens": "开放时间",
    "closes": "截止时间",
    "what": "项",
    "value": "内容",
    "per resident": "每人份数",
    "registration opens": "报名开始",
    "platform": "平台",
    "group": "群体",
    "revision": "修订",
    "created by": "起草人",
    "edited by": "最后修改人",
    "checkers needed": "需复核人数",
    "funder": "出资方",
    "largest liability": "最大支出",
    "committed": "已占用",
    "at": "时间",
    "verdict": "意见",
    "by": "办理人",
    "login": "登录名",
    "note": "说明",
    # plan
    "Plan of {round}: {packs:,} packs, {quota} yuan at most, checkers needed: {checkers}":
        "{round} 期预估：{packs:,} 份，最多支出 {quota} 元，需复核人数：{checkers}",
    "Merchants add {match} yuan at most as their match.": "商户配套最多 {match} 元。",
    "uncommitted": "未占用",
    "left after": "批准后剩余",
    "Dates; other rounds at the same time: {count}": "日期；同时进行的其他期数：{count}",
    "weekday": "星期",
    "Merchants that may take it, not suspended at the opening": "可使用的商户（开放时未被暂停）",
    "district": "区县",
    "(not stated)": "（未注明）",
    "merchants": "商户数",
    "What the city's own closed rounds came to (pooled)": "本市往期的实际结果（合并计算）",
    "rounds": "期数",
    "claimed of packs": "领取率",
    "used of claimed": "核销率（张数）",
    "no merchant of the registry may take it yet; next: voucher merchant import FILE":
        "名录中尚无可使用的商户；下一步：voucher merchant import 文件",
    "no round has closed yet: there is nothing to expect figures from": "尚无已截止的期次，没有可供预估的依据",
    "{funder} is short of {missing} yuan: the round cannot be approved": "{funder} 尚缺 {missing} 元：该期无法批准",
    "fewer packs, or raise the fund's amount in the programme's file and load it again":
        "请减少份数，或在项目文件中增加该出资方的金额后重新载入",
}
