"""The demo."""

TEXT = {
    "A new folder (else demo-PROGRAMME here).": "新文件夹（不写则在当前文件夹建 demo-项目代码）。",
    "Draw the city at 1:N (Hangzhou: 100, 1000 or 10).": "按 1:N 的比例生成（杭州可选 100、1000、10）。",
    "the demo makes a database of its own, in its folder": "演示在自己的文件夹中另建数据库",
    "leave out --db": "请去掉 --db",
    "there is no demo of {programme}": "没有项目 {programme} 的演示",
    "the demo of {programme} cannot be drawn at 1:{scale}": "{programme} 的演示不能按 1:{scale} 生成",
    "{folder} is not empty: the demo makes a folder of its own": "{folder} 不是空文件夹：演示要用自己的新文件夹",
    "the demo stopped: `{command}` ended with exit code {exit}": "演示中止：`{command}` 的退出码为 {exit}",
    "{command}": "{command}",
    "  {command}": "  {command}",
    "Published leverage and ours": "公布的杠杆率与本次计算结果",
    "As of, rounds": "截止时间、期次",
    "Published: G": "公布的总杠杆率 G",
    "Ours: G": "本系统 G",
    "Difference": "相差",
    "Ours come from SYNTHETIC data at 1:{scale}, drawn to give these very ratios: their agreement proves nothing.":
        "本系统的数字来自按 1:{scale} 生成、专门校准到公布比率的合成数据：两者一致不证明任何事情。",
    "The data of this demo is SYNTHETIC, drawn at 1:{scale}. It is evidence of nothing.":
        "本演示的数据全部为合成数据，比例 1:{scale}，不能作为任何证据。",
    "Try next: cd {folder}": "接下来可以试试：cd {folder}",
    "VOUCHER_DB is set: unset it first, or these commands use that database.":
        "环境变量 VOUCHER_DB 已设置：请先取消，否则以下命令会使用那个数据库。",
    "Assumed: all of round 4 but its quota of 70 M yuan (known by difference): its pack, its opening on 10 April, its use.":
        "假设：第四期除 7000 万元额度（由差额得出）外均为假设，包括卡包内容、4 月 10 日开始发放以及核销情况。",
    "Assumed: the top-up of 1 April as a round of its own, and how phase I divides between it and round 1.":
        "假设：4 月 1 日的追加发放单独作为一期，第一阶段的数字在它与第一期之间如何划分。",
    "Assumed: every sell-out time but round 5's 105 seconds, and the use of round 5, of which nothing was published.":
        "假设：除第五期 105 秒领完外的所有领完时间，以及第五期的核销情况（未见公布）。",
    "Published: the pack of 60 yuan and its first 2 M packs; 10 % off from 2,000 yuan, at most 400; the 1:1 match by merchants.":
        "已公布：60 元卡包及首批 200 万份；单笔满 2000 元减 10%，最高 400 元；商户按 1:1 配套。",
    "Assumed: everything else, above all the three parties' shares, the special groups' pack, and every amount that was spent.":
        "假设：其余全部，尤其是三方出资比例、特定群体卡包内容以及所有消费金额。",
    "G of a 10 % voucher is 10 or more by construction: it says nothing about what the voucher did.":
        "九折券的总杠杆率 G 按规则必然不低于 10，不能说明券的实际作用。",
}
