"""Words that every command uses."""

TEXT = {
    "dry run: nothing was written": "试运行：未写入任何内容",
    "error: ": "错误：",
    "warning: ": "警告：",
    "next: ": "下一步：",
    "... and {count} more": "……另有 {count} 条",
    "permission denied": "没有权限",
    "the file system is read-only": "文件系统只读",
    "no such file or folder": "没有该文件或文件夹",
    "a part of its path is a file": "路径中的一级是文件而非文件夹",
    "it is a folder": "这是文件夹",
    "its name is too long": "名称过长",
    "the disk is full": "磁盘已满",
    "the command is done, but the disk is full and its answer cannot be written: free some space, then ask again": "命令已执行完毕，但磁盘空间不足，无法写出结果：请腾出空间后重新查询",
    "{file} is already there": "{file} 已存在",
    "name a new file, or move this one away": "请另取文件名，或先移走该文件",
    "Amounts in {unit}.": "金额单位：{unit}。",
    "yuan": "元",
    "interrupted; nothing of the unfinished step was kept: run the same command again": "已中断；未完成的步骤没有留下任何内容：请再次运行同一命令",
    "a round would pay more than is committed to it: its money was released since; nothing was changed": "期次的支付将超过其占用额度：额度此前已收回；未作任何更改",
}
