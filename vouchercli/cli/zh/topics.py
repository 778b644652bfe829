"""voucher help: topics."""

TEXT = {
    "Find a topic, a code or a word; or a command: voucher help round create.": (
        "查找主题、代码或词语；或查看命令：voucher help round create。"
    ),
    "A code, a term, a command or any word, in Chinese or English; without one: what there is.": (
        "代码、术语、命令或任意词语，中英文均可；不写则列出全部主题。"
    ),
    "TOPIC": "主题",
    "UNIT": "单位",
    "Tasks": "办事",
    "Topics": "主题",
    "Topics by kind": "各类主题",
    "topic": "主题",
    "topics": "主题数",
    "begins with": "首条命令",
    "other words": "其他说法",
    "what to do": "怎么办",
    "unit, formula": "单位、公式",
    "read on": "详见",
    "command": "命令",
    "task": "办事",
    "file format": "文件格式",
    "environment variable": "环境变量",
    "error code": "代码",
    "term": "术语",
    "{topic}": "{topic}",
    "one of them, or any word: voucher help TOPIC; a command's options: -h": (
        "查看其中一项或查找任意词语：voucher help 主题；命令的选项：-h"
    ),
    "there is no topic {topic}; did you mean {near}?": "没有主题 {topic}；是否想找 {near}？",
    "there is no topic {topic}": "没有主题 {topic}",
}
