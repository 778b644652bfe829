"""Foreseeing a round: voucher round plan"""

TEXT = {
    # dates
    "date": "日期",
    "workday": "工作日",
    "according to": "依据",
    "holiday": "节假日",
    "yes": "是",
    "no": "否",
    "registration opens": "报名开始",
    "first voucher ends": "最早的券失效",
    "last voucher ends": "最晚的券失效",
    "the programme's calendar": "项目日历",
    "public holidays": "法定节假日",
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "While claims count: {workdays} working days, {days_off} days off.": "领取期间：工作日 {workdays} 天，休息日 {days_off} 天。",
    "Public holidays of {years} are not known here, only weekdays: install chinesecalendar, or write them into the programme's calendar.":
        "此处不掌握 {years} 年的法定节假日，只看星期：请安装 chinesecalendar，或写入项目的 calendar。",
    "Rounds at the same time": "同时进行的各期",
    # people
    "no list limits who may have a pack of {round}": "{round} 期不限名单，任何居民均可领取",
    "Residents on the eligibility list": "资格名单中的居民",
    "residents": "人数",
    "only {residents:,} residents are on the list: at most {most:,} of {packs:,} packs can go":
        "名单中只有 {residents:,} 人：{packs:,} 份中最多发出 {most:,} 份",
    "voucher eligibility import FILE, or fewer packs": "请运行 voucher eligibility import 文件，或减少份数",
    "{residents:,} residents are on the list, but there are only {packs:,} packs": "名单中有 {residents:,} 人，而只有 {packs:,} 份",
    "more packs: voucher round edit {round} --packs {residents}": "请增加份数：voucher round edit {round} --packs {residents}",
    "The same merchants by industry": "上述商户按行业",
    "industry": "行业",
    # past rounds
    "sold out (s)": "领完用时（秒）",
    "{same} of {rounds} rounds had this card pack; redemption and leverage rest on the {over} whose vouchers have all expired.":
        "{rounds} 期中有 {same} 期用的是此卡包；核销率和杠杆率只依据券已全部失效的 {over} 期。",
    "{left} earlier rounds are in the total and not shown.": "另有更早的 {left} 期计入合计，未列出。",
    "What that lets one expect of this round": "据此对本期的预估",
    "lowest": "最低",
    "pooled": "合并",
    "highest": "最高",
    "rests on rounds": "依据期数",
    "packs claimed": "领取份数",
    "vouchers used": "核销张数",
    "subsidy paid (yuan)": "补贴支出（元）",
    "seconds to sell out": "领完用时（秒）",
    "From the lowest past round to the highest; the past promises nothing.": "取往期最低到最高；往期不代表将来。",
    # the programme's calendar
    "{day} is a holiday and a working day": "{day} 既写作假日又写作工作日",
    "leave it in one of the two": "请只保留一处",
    "{offending} is not a span of days": "{offending} 不是起止日期",
    "write {{from: 2020-04-04, to: 2020-04-06}}": "请写成 {{from: 2020-04-04, to: 2020-04-06}}",
}
