"""Changes of an eligibility list that approved rounds rest on."""

TEXT = {
    # help
    "Why residents come on the list: it is kept.": "居民为何列入名单（留存）。",
    "Approve, as a second person, that residents of a file come on the list, or leave it.": "由第二人复核：文件中的居民列入名单，或移出名单。",
    "Turn down that residents of a file come on the list, or leave it, with the reason.": "不同意文件中的居民列入或移出名单，并说明原因。",
    # kinds
    "listing": "列入名单",
    "delisting": "移出名单",
    # headings
    "Waiting": "待审批",
    "Waits for": "等待",
    "a second person": "第二人复核",
    "list approved": "批准时名单",
    "list now": "现名单",
    "the one approved": "与批准时一致",
    "{count:,}: not the one approved any more": "{count:,} 人：与批准时不同",
    "{count:,}: not the one approved any more; since then: {changes}": "{count:,} 人：与批准时不同；此后：{changes}",
    # sentences
    "approved rounds rest on the list: say why {count} residents come on it": "已批准的期次以该名单为依据：请说明为何新增 {count} 名居民",
    "approved rounds rest on the list: say why {count} residents leave it": "已批准的期次以该名单为依据：请说明为何移出 {count} 名居民",
    "{count} residents would wait for a second person": "{count} 名居民须等待第二人复核",
    "{count} residents wait for a second person: voucher eligibility approve {batch} --actor NAME": "{count} 名居民等待第二人复核：voucher eligibility approve {batch} --actor 姓名",
    "{count} residents stay on the list until a second person approves: voucher eligibility approve {batch} --actor NAME": "第二人复核之前，{count} 名居民仍在名单上：voucher eligibility approve {batch} --actor 姓名",
    "no change of the eligibility list by batch {batch} waits for approval": "导入批次 {batch} 没有待审批的名单变更",
    "a change of the eligibility list by batch {name}, proposed at {at}, waits for approval": "导入批次 {name} 有一项名单变更待审批（{at} 提出）",
    "approved batch {batch} ({given} of {needed} checkers); one more person must approve": "已批准导入批次 {batch}（{needed} 名复核人员中的第 {given} 名）；还须一人批准",
    "{count} residents of batch {batch} are on the list": "导入批次 {batch} 的 {count} 名居民已列入名单",
    "{count} residents of batch {batch} left the list": "导入批次 {batch} 的 {count} 名居民已移出名单",
    "declined: nobody of those who waited comes on the list by batch {batch}": "未同意：导入批次 {batch} 中待审批的居民不列入名单",
    "Take residents off the list; packs that were granted stay. Where approved rounds rest on the list, they stay on it until a second person approves.": "将居民移出名单；已发放的券包保留。已批准的期次以该名单为依据时，须由第二人复核后方移出。",
    'Example: voucher eligibility remove 13800000001 --group low --note "moved away"': '示例：voucher eligibility remove 13800000001 --group low --note "已迁出"',
    "The identities, or their tokens.": "身份标识或其脱敏代码。",
    "Only from the list of this group.": "仅从该群体的名单中移出。",
    "Why residents leave the list: it is kept.": "移出名单的理由：予以留存。",
    "resident {resident} is not on the list": "居民 {resident} 不在名单上",
    'voucher eligibility remove RESIDENT --note "WHY"': 'voucher eligibility remove 居民 --note "理由"',
    "another change of the list by batch {batch} waits for a second person": "导入批次 {batch} 另有一项名单变更待第二人复核",
    "voucher eligibility approve {batch} --actor NAME, or voucher eligibility reject {batch} --note WHY": "voucher eligibility approve {batch} --actor 姓名，或 voucher eligibility reject {batch} --note 理由",
    "declined: batch {batch} stays on the list": "未同意：导入批次 {batch} 保留在名单上",
}
