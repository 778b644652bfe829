"""Lotteries: voucher draw ..."""

TEXT = {
    # help
    "Lotteries: commit to a seed, publish the entrants, draw, prove.": "摇号：承诺种子、公布名单、摇号、复核。",
    "Draw a secret seed and give its digest, to be published before registration closes.": "产生保密的种子并给出其摘要，须在报名截止前公布摘要。",
    "Write and fix the list of who takes part, once registration is closed: applications, no persons.":
        "报名截止后导出并固定参加摇号的名单：只有报名编号，没有个人信息。",
    "Reveal the seed and draw: winners get their packs, the certificate is written.": "公开种子并摇号：中签者获得卡包，同时写出证书。",
    "Show how far a draw has come, what became of an application; --to writes its files again.":
        "显示摇号进度、某份报名的结果；--to 重新写出各文件。",
    "Draw again from the files alone, without a database, and say what does not fit.": "只凭文件、不用数据库重新摇号，并指出不符之处。",
    "Take the next step of a lottery: commit to a seed before registration closes, draw after it (voucher draw has each step).":
        "执行摇号的下一步：报名截止前承诺种子，截止后摇号（各步骤另见 voucher draw）。",
    "The certificate, the .json that the draw wrote.": "证书，即摇号时写出的 .json 文件。",
    "When registration closes (else when the round opens).": "报名截止时间（不写则为该期开放之时）。",
    "Announce where a public text will come from, to be mixed in at the draw.": "事先公布摇号时混入的公共随机文本来自何处。",
    "Keep N places: district=余杭区:1000, or group=low-income:50 (again for each).":
        "预留 N 个名额：district=余杭区:1000 或 group=low-income:50（可重复使用）。",
    "The strata and their quotas in a YAML file.": "写有各分层及名额的 YAML 文件。",
    "A text nobody could foresee, mixed into the seed.": "无人能预知的文本，混入种子。",
    "Where the certificate goes (else draws, by the database).": "证书写到哪个文件夹（不写则为数据库旁的 draws）。",
    "Where the list goes (else into draws, by the database).": "名单写到哪个文件（不写则在数据库旁的 draws 中）。",
    "What became of this application.": "这份报名的结果。",
    "The list of entrants as it was published.": "公布时的参加摇号名单。",
    "The digest of the seed as it was announced before the draw.": "摇号前公布的种子摘要。",
    # steps and lines
    "Draw of {round}: {step}": "{round} 期摇号：{step}",
    "no seed yet": "尚未承诺种子",
    "seed committed": "已承诺种子",
    "list published": "已公布名单",
    "drawn": "已摇号",
    "digest of the seed": "种子摘要",
    "public source": "公共随机来源",
    "registration closes": "报名截止",
    "entrants": "参加摇号数",
    "digest of the list": "名单摘要",
    "seed": "种子",
    "public text": "公共随机文本",
    "places": "名额",
    "winners": "中签数",
    "not drawn": "未中签数",
    "digest of the certificate": "证书摘要",
    "Places kept for strata": "为各分层预留的名额",
    "quota": "名额数",
    "any": "不限",
    "Places that a stratum cannot fill go to all who have not won, by the same tickets.": "某分层用不完的名额，按同样的票号顺序给其余未中签者。",
    # done
    "committed to a seed for {round}; it stays sealed until the draw": "已为 {round} 期承诺种子；摇号之前种子一直封存",
    "next: publish the digest of the seed now; after {closes_at}: voucher draw entrants {round}":
        "下一步：现在公布种子摘要；{closes_at} 之后运行 voucher draw entrants {round}",
    "round {round} is committed already; the seed stands": "{round} 期已承诺种子，维持不变",
    "{round} is committed; it is drawn after registration closes at {closes_at}": "{round} 期已承诺种子；{closes_at} 报名截止后摇号",
    "{round}: {count:,} entrants, one a person": "{round} 期：{count:,} 份报名参加摇号，一人一份",
    "next: publish the list and its digest, then voucher draw run {round}": "下一步：公布名单及其摘要，然后运行 voucher draw run {round}",
    "{round} would be drawn from {count:,} entrants": "{round} 期将从 {count:,} 份报名中摇号",
    "drew {round}: {winners:,} of {entrants:,} entrants won": "{round} 期已摇号：{entrants:,} 份报名中 {winners:,} 份中签",
    "round {round} was drawn on {at}; nothing was changed": "{round} 期已于 {at} 摇号，未作任何更改",
    "the certificate is in: {files}": "证书已写入：{files}",
    "next: voucher draw commit {round}, before registration closes": "下一步：报名截止前运行 voucher draw commit {round}",
    "next, once registration is closed: voucher draw run {round}": "下一步：报名截止后运行 voucher draw run {round}",
    "application {application} does not count: the entry of this person is {entry}": "报名 {application} 不计入：此人以 {entry} 参加摇号",
    "application {application} takes part; the round is not drawn yet": "报名 {application} 参加摇号；该期尚未摇号",
    "application {application} could not win: {reason}": "报名 {application} 不得中签：{reason}",
    "application {application} won with the ticket {ticket}": "报名 {application} 中签，票号 {ticket}",
    "application {application} did not win; its ticket is {ticket}": "报名 {application} 未中签，票号 {ticket}",
    "the draw of {round} is proven: {winners:,} winners of {entrants:,} entrants, drawn again and the same":
        "{round} 期摇号复核无误：重新摇号，{entrants:,} 份报名中的 {winners:,} 份中签者完全相同",
    "compare the digest of the seed with the one that was announced before registration closed: {digest}":
        "请将种子摘要与报名截止前公布的摘要比对：{digest}",
    # refused
    "round {round} is not a lottery: its mode is {mode}": "{round} 期不是摇号，其发放方式为{mode}",
    "no seed is committed to for round {round}": "{round} 期尚未承诺种子",
    "no seed was committed to before the registration of round {round} closed at {closes_at}":
        "{round} 期的报名已于 {closes_at} 截止，此前没有承诺种子",
    "give the round a later opening, then voucher draw commit {round}": "请推迟该期的开放时间，然后运行 voucher draw commit {round}",
    "the terms of the draw of {round} are announced and stand": "{round} 期的摇号条件已经公布，不能更改",
    "round {round} is {state}: it is too late to commit to a seed": "{round} 期的状态为“{state}”，已来不及承诺种子",
    "registration would close at {closes_at}, after the round opens at {opens_at}": "报名截止时间 {closes_at} 晚于该期开放时间 {opens_at}",
    "an earlier --registration-closes": "请给出更早的 --registration-closes",
    "the registration of round {round} closed at {closes_at}: a seed is committed to before that":
        "{round} 期的报名已于 {closes_at} 截止：承诺种子须在此之前",
    "give the round a later opening: voucher round edit {round} --opens-at TIME":
        "请推迟该期的开放时间：voucher round edit {round} --opens-at 时间",
    "the registration of round {round} closes at {closes_at}; it is {now} now": "{round} 期的报名截止时间为 {closes_at}，现在是 {now}",
    "wait until then": "请等到那时",
    "round {round} is {state}: it is drawn while it is open": "{round} 期的状态为“{state}”：须在领取中摇号",
    "all {packs:,} packs of round {round} are claimed: nothing is left to draw for": "{round} 期的 {packs:,} 份均已领取，没有名额可摇",
    "the quotas keep {kept:,} places, but there are only {places:,}": "各分层共预留 {kept:,} 个名额，而总名额只有 {places:,} 个",
    "smaller quotas, or more packs": "请减少预留名额，或增加份数",
    "nobody has applied for round {round}": "{round} 期无人报名",
    "the applications of round {round} are not those that were published: {ours:,} entrants, published were {said:,}":
        "{round} 期的报名与公布的名单不符：现有 {ours:,} 份，公布时为 {said:,} 份",
    "no command changes them after that: voucher audit log --about {round}":
        "名单公布后任何命令都不会改动报名，请查看日志：voucher audit log --about {round}",
    "nobody is in the stratum {stratum}: its {quota:,} places go to the others": "分层 {stratum} 中无人报名：其 {quota:,} 个名额转给其他人",
    "the draw of {round} was announced with a public text from: {source}": "{round} 期已公布摇号时将混入公共随机文本，来源：{source}",
    "a public text is one line that is not blank": "公共随机文本应为一行且不能为空",
    "the source of the public text was not announced with the commitment: whoever knew the seed could choose the text":
        "公共随机文本的来源没有与种子摘要一同公布：知道种子的人可以挑选文本",
    "next time: voucher draw commit ROUND --public-source TEXT": "下一次请用：voucher draw commit 期次 --public-source 文本",
    "the stratum {stratum} is named twice": "分层 {stratum} 写了两次",
    "one quota for each": "每个分层只写一个名额数",
    "{text} is not a stratum with its quota": "{text} 不是分层及其名额",
    "write it like district=余杭区:1000 or group=low-income:50": "请写成 district=余杭区:1000 或 group=low-income:50",
    "the key file does not open the committed seed: it is another key, or the database was changed":
        "密钥文件打不开所承诺的种子：密钥不是原来的，或数据库被改动过",
    "restore voucher.key from the backup": "请从备份恢复 voucher.key",
    "round {round} is not drawn yet: there is no certificate": "{round} 期尚未摇号，没有证书",
    "round {round} has no application {application}": "{round} 期没有报名 {application}",
    "applications came in after the draw of {round}: the list it was drawn from is not written again":
        "{round} 期摇号之后又导入了报名，不再写出当时的名单",
    "keep the list that was published": "请保留公布时的名单",
    # a stranger's check
    "{file} is not a certificate of a draw: {why}": "{file} 不是摇号证书：{why}",
    "take the .json that the draw wrote": "请使用摇号时写出的 .json 文件",
    "{file} is not a list of entrants": "{file} 不是参加摇号的名单",
    "take the .csv that voucher draw entrants wrote, as it is: a spreadsheet changes it":
        "请原样使用 voucher draw entrants 写出的 .csv 文件：电子表格软件会改动它",
    "the certificate was changed: it says it has the digest {said}, it has {ours}": "证书被改动：所载摘要为 {said}，实际为 {ours}",
    "the seed is not the one that was committed: its digest is {ours}, committed was {said}":
        "种子不是当初承诺的那个：其摘要为 {ours}，承诺的为 {said}",
    "announced was {announced}, the certificate says that {said} was committed": "公布的摘要为 {announced}，证书所载的承诺为 {said}",
    "the seed and the public text make {ours}, not {said}": "种子与公共随机文本得出 {ours}，而非 {said}",
    "the list has {ours:,} entrants, the certificate says {said:,}": "名单有 {ours:,} 份报名，证书所载为 {said:,} 份",
    "the published list is not in the order of its application numbers, each once": "公布的名单没有按报名编号排序，或有重复",
    "the list is not the published one: it has {ours:,} entrants, published were {said:,}":
        "名单不是公布的那份：有 {ours:,} 份报名，公布的为 {said:,} 份",
    "the list is not the published one: its lines are in another order": "名单不是公布的那份：行的顺序不同",
    "the list is not the published one: its digest is {ours}, published was {said}": "名单不是公布的那份：其摘要为 {ours}，公布的为 {said}",
    "the strata keep {kept:,} places, but there are only {places:,}": "各分层共占 {kept:,} 个名额，而总名额只有 {places:,} 个",
    "{part}: the certificate has {said:,} winners, quota and tickets give {ours:,}":
        "{part}：证书所载中签 {said:,} 份，按名额和票号应为 {ours:,} 份",
    "{part}: the certificate has {said} where the tickets give {ours}": "{part}：证书所载为 {said}，按票号应为 {ours}",
    "{part}: the last ticket or the count of entrants is not what the tickets give": "{part}：最大中签票号或参加数与票号不符",
    "the places that were left": "其余名额",
    "round {round} was drawn on {at}: who would be next is known, so no packs are added to it":
        "{round} 期已于 {at} 摇号：后续次序已为人知，不得再追加份数",
    "a lottery of its own: voucher round copy {round} NEW --packs N --opens-at TIME":
        "请另行摇号：voucher round copy {round} 新期次 --packs 份数 --opens-at 时间",
}
