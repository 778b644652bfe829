"""Chinese for `voucher todo`."""

from __future__ import annotations

TEXT = {
    "What waits for whom, and the command that does it.": "待办：等待谁办理，用什么命令办理。",
    "Example: voucher todo": "示例：voucher todo",
    "What waits for somebody": "待办事项",
    "nothing waits for anybody": "没有待办事项",
    "since": "等待自",
    "subject": "对象",
    "who may": "可由谁办理",
    "next": "办理命令",
    "for {name}: {command}": "{name}：{command}",
    "submission": "提交",
    "correction": "更正",
    "signature": "签认",
    "seal": "封账",
    "{count} days to {day}": "至 {day} 共 {count} 天",
    "nobody on the staff of programme {programme} may sign {name}": "项目 {programme} 的人员中无人可以签认 {name}",
}
