"""What offices and platforms call the columns that hold our fields: Chinese, English, Japanese,
Korean. What the shipped profiles know is known here too.
"""

from __future__ import annotations

import re
from functools import cache

from vouchercli.formats.configs import profiles
from vouchercli.formats.configs.fields import FIELDS
from vouchercli.formats.tables.cells import column_key

OURS = "voucher"
BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
EXACT, PART = 10, 4  # how much a name speaks for a field

# Beside the names of our own layout. A name that stands for several fields is listed with each.
NAMES: dict[str, dict[str, str]] = {
    "merchants": {
        "merchant_no": (
            "商户ID 商户id 门店号 门店ID 店铺编号 店铺ID 序号 编号 shop_id store_id "
            "merchant_id merchantid storeid 店舗番号 店舗コード 店舗ID 登録番号 施設番号 "
            "加盟店番号 가맹점번호 가맹점ID 점포번호"
        ),
        "name": (
            "商户 商户名 商家 商家名 店名 门店 店铺名 企业 机构名称 字号名称 shop store "
            "store_name shop_name 店舗名 店舗名称 施設名 施設名称 事業者名 事業所名 名称 "
            "가맹점명 상호 상호명 업체명 점포명"
        ),
        "uscc": (
            "纳税人识别号 税号 营业执照号 注册号 usci credit_code 法人番号 사업자등록번호 "
            "사업자번호"
        ),
        "district": (
            "区 县区 所属街道 街道 城区 镇街 地区 county borough city 市区町村 市町村 地域 "
            "エリア 区市町村 구군 시군구 시군구명 지역 소재지역"
        ),
        "industry": (
            "业种 业态类型 经营范围 经营类型 类别 分类 商户类型 category type sector 業種 "
            "ジャンル 業態 カテゴリ カテゴリー 업종 업종명 취급품목"
        ),
        "size": "企业类型 划型 规模类型 scale 規模 기업규모",
        "brand": "企业品牌 连锁名称 连锁企业 所属品牌 所属连锁 chain ブランド チェーン 브랜드",
        "designated_size": "是否规上 规上规下 规上/规下 规上企业 限额以上 是否规模以上",
        "address": (
            "line1 addressline1 address1 住所 经营场所 店铺地址 商户地址 location street addr "
            "所在地 所在地住所 住所地 주소 소재지 도로명주소"
        ),
        "phone": (
            "联系方式 手机号码 固定电话 tel telephone phone_number mobile 電話番号 電話 "
            "連絡先 전화번호 연락처"
        ),
        "platform_no": "微信商户号 支付宝商户号 银联商户号 特约商户号 mchid mch_id pid",
        "account_name": "收款账户名 收款户名 account_holder 口座名義 예금주",
        "account_no": "收款账户 对公账号 结算账号 iban 口座番号 계좌번호",
        "bank": "结算银行 开户网点 bank_name 金融機関 銀行名 은행 은행명",
        "bank_no": "开户行行号 清算行号 支付行号 银行联行号 cnaps_code cnaps bank_code 銀行コード",
    },
    "applications": {
        "application_no": (
            "报名流水号 抽签号 登记编号 applicationid entry_no 申込番号 受付番号 신청번호"
        ),
        "round": "活动 活动期次 活动批次 round_no 回 回次 회차",
        "resident": (
            "证件号 身份证 用户 用户ID 手机号 userid user_id openid 申込者 利用者ID 신청자"
        ),
        "applied_at": (
            "提交时间 登记时间 创建时间 created_at apply_time 申込日時 受付日時 신청일시"
        ),
        "group": "类别 资格 対象区分 대상",
        "district": "区 县区 市区町村 시군구",
        "device": "设备ID device_id 端末ID",
        "mobile": "联系电话 手机 電話番号 휴대폰",
        "card": "卡号 银行账号",
        "account": "支付账户 payment_account",
    },
    "eligibility": {
        "resident": (
            "证件号 身份证 身份证号码 用户 用户ID 手机号 userid user_id openid 対象者 "
            "利用者ID 대상자"
        ),
        "group": "类别 资格 身份类别 category 対象区分 구분",
        "district": "区 县区 街道 市区町村 시군구",
    },
    "series": {
        "measure": "指标名称 统计指标 indicator metric",
        "period": "日期 时间 统计期 统计时间 月份 周 date month week",
        "industry": "业种 类别 行业分类 category sector",
        "district": "区 县区 地区 region",
        "brand": "企业 企业名称 商户 chain company",
        "value": "金额 数量 当期值 本期 amount figure",
        "unit": "计量单位",
        "source": "来源 来源单位 数据提供单位 provider",
    },
    "claims": {
        "claim_no": (
            "券码 券ID 卡包号 领取ID 优惠id 优惠券ID coupon_id voucherid voucher_id claimid "
            "クーポンID クーポン番号 쿠폰번호 쿠폰ID"
        ),
        "round": (
            "活动 活动名称 活动期次 活动批次 批次id 批次号 templateid stock_id 回 "
            "キャンペーン 회차 행사"
        ),
        "resident": (
            "用户 用户ID 用户id 用户标识 手机号 手机号码 证件号 openid userid user_id "
            "利用者ID 会員番号 사용자 회원번호 사용자ID"
        ),
        "claimed_at": (
            "领取日期 发放时间 发券时间 领用时间 claim_time redemptiontime 取得日時 獲得日時 "
            "발급일시 발급시간"
        ),
    },
    "redemptions": {
        "transaction_no": (
            "支付单号 订单号 订单编号 商户订单号 交易单号 流水号 支付流水号 微信订单号 "
            "支付宝交易号 日志号 transactionid transaction_id order_id order_no trade_no "
            "reference ref 取引番号 取引ID 決済番号 注文番号 거래번호 승인번호 주문번호"
        ),
        "kind": (
            "业务类型 交易状态 收支类型 状态 paymenttype status type 取引種別 取引区分 区分 "
            "거래구분 거래유형"
        ),
        "claim_no": (
            "券码 券ID 卡包号 优惠id 优惠券ID coupon_id voucherid voucher_id クーポンID "
            "クーポン番号 쿠폰번호 쿠폰ID"
        ),
        "coupon_no": "第几张 张序号 券序 coupon_index 枚数目",
        "merchant_no": (
            "门店编号 门店号 店铺编号 merchantid merchant_id store_id shop_id 店舗番号 "
            "店舗コード 加盟店番号 가맹점번호"
        ),
        "platform_no": "消耗商户号 特约商户号 微信商户号 支付宝商户号 mchid mch_id",
        "paid_at": (
            "消耗时间 付款时间 完成时间 交易日期 使用时间 日期 时间 记账日期 date datetime "
            "pay_time paytime transaction_time "
            "created_at 取引日時 決済日時 利用日時 사용일시 결제일시 거래일시 승인일시"
        ),
        "order_amount": (
            "订单总金额 总金额 原价 应付金额 订单金额 金额 发生金额 amount total total_amount "
            "billingamount transactionamount "
            "orderamount 取引金額 決済金額 利用金額 결제금액 거래금액 주문금액"
        ),
        "merchant_discount": "商户优惠金额 商家立减 merchantdiscount 店舗割引 가맹점할인",
        "subsidy": (
            "优惠金额 券金额 抵扣金额 券核销金额 补贴 财政补贴 消费券金额 voucheramount "
            "discount discount_amount 割引額 割引金額 クーポン金額 할인금액 쿠폰금액 지원금액"
        ),
        "refund_of": "原订单号 原支付单号 原商户订单号 original_order_no 元取引番号 원거래번호",
        "channel": "交易场景 支付场景 线上线下 scene",
    },
}


@cache
def known(kind: str) -> dict[str, dict[str, int]]:
    """field -> the names that it is known by (as `column_key`), each with its place in the list:
    names that come first say more.
    """
    columns: dict[str, list[str]] = {field: [field] for field in FIELDS[kind]}
    for profile in profiles.known_profiles(kind):
        for field, spec in profile.fields.items():
            columns[field] += [*spec.columns] if profile.profile == OURS else []
        if kind == "redemptions" and profile.profile == OURS:
            columns["kind"] += profile.kind_rule.columns
    for field, names in NAMES[kind].items():
        columns[field] += names.split()
    return {
        field: {column_key(name): place for place, name in reversed([*enumerate(names)])}
        for field, names in columns.items()
    }


def our_words(kind: str, field: str) -> dict[str, str]:
    """What our own layout turns the words of a field into."""
    specs = (
        each.fields.get(field) for each in profiles.known_profiles(kind) if each.profile == OURS
    )
    return {word: ours for spec in specs if spec for word, ours in spec.words.items()}


def weight(kind: str, field: str, name: str) -> float:
    """How much the name of a column speaks for a field: `EXACT` and less for a name that is known,
    up to `PART` for one that a known name is a part of, else 0.
    """
    key, names = column_key(name), known(kind)[field]
    if not key:
        return 0.0
    for cost, each in enumerate(_forms(key)):
        if each in names:
            return EXACT - min(names[each], 20) / 10 - cost
    inside = [len(each) / len(key) for each in names if len(each) > 1 and each in key]
    return PART * max(inside, default=0.0)


def _forms(key: str) -> tuple[str, str]:
    """A name as it stands, and without its unit: 金额(元)."""
    return key, BRACKETS.sub("", key)


@cache
def _known_anywhere() -> frozenset[str]:
    return frozenset(
        name for kind in FIELDS for names in known(kind).values() for name in names if name
    )


def count_known(names: tuple[str, ...]) -> int:
    """How many names of a row are names of columns, of whatever kind of file. Any row of a file may
    be asked, and be as wide as a file may be.
    """
    return sum(
        any(form in _known_anywhere() for form in _forms(column_key(name))) for name in names
    )
