"""The log: voucher audit ..."""

TEXT = {
    "The log of every deed: read it, prove it.": "操作日志：查阅、校验。",
    "Show who did what, when, with what stood before and after, the newest first (--actor NAME: only theirs).":
        "查看何人何时做了什么、前后有何变化，最新的在前（--actor 姓名：只看此人）。",
    "Prove that no line of the log was edited, taken out, put in or moved.": "校验日志：没有任何一行被修改、删除、插入或调换。",
    "Show the newest line's number and digest, to be noted elsewhere.": "显示最新一行的序号和摘要，供另行记录。",
    "Only this deed (round.approve) or kind of deed (round).": "仅此操作（round.approve）或此类操作（round）。",
    "Only deeds on this round, programme, file ...": "仅与此期次、项目、文件等有关的操作。",
    "Only deeds from then on.": "仅此时间起的操作。",
    "Only deeds up to then (a bare date: its end).": "仅截至此时间的操作（只写日期即到当日结束）。",
    "A head noted earlier (audit head): it must be in the log.": "先前记下的日志摘要（audit head）：必须仍在日志中。",
    "--since lies after --until": "--since 晚于 --until",
    "Log": "操作日志",
    "line": "行",
    "deed": "操作",
    "about": "对象",
    "changes": "变化",
    "head": "摘要",
    "more than {limit}: add --limit, or ask by --actor, --deed, --about, --since":
        "超过 {limit} 行：请加 --limit，或用 --actor、--deed、--about、--since 筛选",
    "the log has no such line": "日志中没有符合条件的记录",
    "Head of the log": "日志摘要",
    "the log is empty: nothing was done yet": "日志为空：尚无任何操作",
    "write it down elsewhere; later: voucher audit verify --head {head}": "请另行记下；以后校验：voucher audit verify --head {head}",
    "the log does not hold: keep this file as it is for the auditor": "日志校验不通过：请原样保留该文件，交审计人员",
    "all {count} lines hold, and the noted head is among them": "{count} 行全部通过，且记下的摘要仍在其中",
    "all {count} lines hold; only a head noted elsewhere shows that none was cut off at the end":
        "{count} 行全部通过；末尾有无缺失，须以另行记下的摘要核对",
    "{head} is not the head of a log": "{head} 不是日志摘要",
    "write it as audit head gave it, number:digest or the digest": "请照 audit head 的结果填写：序号:摘要，或只写摘要",
    "line {line} is not what was written: its seal should be {expected} and is {found}":
        "第 {line} 行与写入时不符：校验值应为 {expected}，实为 {found}",
    "line {line} does not follow line {after}: a line was taken out, put in or moved there":
        "第 {line} 行与第 {after} 行不相接：此处有行被删除、插入或调换",
    "the noted head {head} is not in the log (it has {count} lines): lines were cut off or rewritten":
        "记下的摘要 {head} 不在日志中（现有 {count} 行）：日志被截断或改写",
    "the guard {guard} is gone: somebody worked on the file by hand": "保护触发器 {guard} 已不存在：有人直接改动过该文件",
    "compare the file with the last backup": "请与最近的备份比对",
}
