"""The options that every command shares, and the front page."""

TEXT = {
    "Consumer vouchers from draft to audit: templates, rounds, intake, money, reports. One SQLite file.":
        "消费券管理：从起草到审计。券模板、分期、导入、资金、报表，都在一个 SQLite 文件里。",
    "Show the version and exit.": "显示版本后退出。",
    "The database (else VOUCHER_DB, else voucher.db here).": "数据库文件（默认 VOUCHER_DB，否则为此处的 voucher.db）。",
    "The programme, when the file holds several.": "项目代码（文件中有多个项目时需要）。",
    "Language of all text (else the locale).": "界面语言（默认按系统语言）。",
    "table, json or csv.": "输出格式：table、json 或 csv。",
    "Who acts (else the login name); both are recorded.": "办理人（默认登录名）；两者都会记录。",
    "Act as if it were TIME (rehearsal, late entry); the log keeps both times.": "按指定时间办理（演练、补录）；日志同时记录两个时间。",
    "Reports: what was true up to TIME.": "报表：截至该时间的情况。",
    "Do everything, then write nothing.": "完整试运行，但不写入。",
    "Answer yes to every question.": "对所有询问回答“是”。",
    "Programmes: budget, funders, limits, staff.": "项目：预算、出资方、限额、人员。",
    "Card-pack templates: coupons, validity, scope, funding.": "券模板：券、有效期、适用范围、出资。",
    "Rounds: schedule, submit, approve, open, close.": "分期：排期、提交、复核、开放、截止。",
    "The merchant registry: import, list, suspend.": "商户名录：导入、列出、暂停。",
    "Imported files: show, rejects, resume, retry, undo.": "导入批次：查看、不合格行、续导、重审、撤销。",
    "Reports: leverage, rounds.": "报表：杠杆、各期。",
    "Build a synthetic Hangzhou 2020 here and report on it.": "在此用合成数据生成杭州 2020 并出报表。",
    "Look at this machine and this file, and say what to mend.": "检查本机与本文件，指出需要处理之处。",
    "there is no output format {output}": "没有输出格式 {output}",
    "choose one of: {known}": "可选：{known}",
    "{text} is not a time": "{text} 不是时间",
    "write it like 2020-03-27 08:00": "请写成 2020-03-27 08:00 这样",
    "{message}": "{message}",
}
