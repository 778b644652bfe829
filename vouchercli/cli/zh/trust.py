"""Folders, files and keys that are not what they seem."""

TEXT = {
    "it is a link": "它是链接",
    "it is not a folder": "它不是文件夹",
    "it belongs to another user": "它属于其他用户",
    "its name is not UTF-8": "文件名不是 UTF-8 编码",
    "it is not an ordinary file": "它不是普通文件",
    "it is a second name of another user's file": "它是其他用户文件的硬链接",
    "the folder {folder} is not used: {why}": "不使用文件夹 {folder}：{why}",
    "put a real folder of whoever runs the tick in its place": "请换成由运行定时任务的用户所有的真实文件夹",
    "{file} is not imported: {why}": "未导入 {file}：{why}",
    "let the sender put an ordinary file with a name in UTF-8 there": "请发送方放入文件名为 UTF-8 编码的普通文件",
    "an application number cannot begin with = + - or @: a spreadsheet would run it when the list of entrants is opened": "报名号不能以 = + - 或 @ 开头：打开公示名单时，电子表格会把它当作公式执行",
    "the identity stood on the command line: other users of this machine can read it while the command runs, and the shell keeps it in its history": "证件号码写在命令行中：命令运行时本机其他用户可以看到，命令历史也会保留",
    "give - instead, and the identity by standard input": "请改用 -，由标准输入提供证件号码",
    "give - instead, and the identity by standard input; or many with --from FILE": "请改用 -，由标准输入提供证件号码；多人请用 --from FILE",
    "the key file {path} is a link": "密钥文件 {path} 是链接",
    "put the key file itself beside the database": "请把密钥文件本身放在数据库旁",
}
