"""Words that every command uses."""

TEXT = {
    "error: ": "错误：",
    "warning: ": "提示：",
    "next: ": "下一步：",
    "... and {count} more": "……另有 {count} 条",
    "Amounts in {unit}.": "金额单位：{unit}。",
    "yuan": "元",
    "interrupted; nothing of the unfinished step was kept: run the same command again": "已中断；未完成的步骤没有留下任何内容：请再次运行同一命令",
}
