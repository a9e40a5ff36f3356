"""What a listing says, in words: its fields, its codes, and the places and trades that codes stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from techmarket.hub.syndication import is_web_address

Words = Mapping[str, tuple[str, str]]

FIELDS: Words = {
    "summary": ("摘要", "Summary"),
    "description": ("说明", "Description"),
    "problem": ("待解决的问题", "Problem to solve"),
    "scenario": ("应用场景", "Where it is used"),
    "indicators": ("技术指标", "Required figures"),
    "keywords": ("关键词", "Keywords"),
    "technology_field": ("技术领域", "Technology field"),
    "industry": ("行业", "Industry"),
    "ipc": ("国际专利分类", "IPC classes"),
    "trl": ("技术成熟度", "Readiness level"),
    "trl_min": ("成熟度至少", "Readiness at least"),
    "region": ("地区", "Region"),
    "rights": ("知识产权", "Rights"),
    "mode": ("交易方式", "Way of dealing"),
    "modes": ("可接受的方式", "Ways that would do"),
    "licence_kind": ("许可类型", "Kind of licence"),
    "scope": ("许可范围", "Scope of the licence"),
    "price_form": ("定价方式", "Form of the price"),
    "price": ("价格", "Price"),
    "budget": ("预算", "Budget"),
    "deadline": ("期限", "Needed by"),
    "royalty_rate": ("提成比例", "Royalty rate"),
    "royalty_base": ("提成基数", "Royalty on"),
    "royalty_minimum": ("最低提成", "Least royalty"),
    "royalty_cap": ("提成上限", "Royalty at most"),
    "price_parts": ("分项价格", "Prices of the parts"),
    "equity_share": ("作价占股", "Share of the company"),
    "trial_days": ("试用天数", "Days of trial"),
    "open_challenge": ("揭榜挂帅", "Open challenge"),
    "challenge": ("揭榜条件", "Terms of the challenge"),
    "contact": ("联系方式", "Contact"),
    "technical_details": ("技术细节", "Technical details"),
    "deal_terms": ("交易条件", "Terms of the deal"),
    "territory": ("地域", "territory"),
    "field": ("使用领域", "field of use"),
    "term_years": ("年限", "years"),
    "manner": ("实施方式", "manner of use"),
    "sublicence": ("可再许可", "sub-licences"),
    "proposals_by": ("提案截止", "proposals by"),
    "criteria": ("评审标准", "criteria"),
    "milestones": ("节点", "milestones"),
    "funding": ("资助金额", "funding"),
}
"""In the order in which a page shows them; what is part of another field comes last."""
NOT_SHOWN = frozenset({"title_zh", "title_en", "attribution", "origin", "approval_ids"})

VALUES: Mapping[str, Words] = {
    "mode": {
        "TRANSFER": ("转让", "Assignment"),
        "LICENCE": ("许可", "Licence"),
        "OPEN_LICENCE": ("开放许可", "Open licence"),
        "EQUITY": ("作价入股", "Equity"),
        "JOINT_DEVELOPMENT": ("合作开发", "Joint development"),
        "TRY_BEFORE_BUY": ("先用后转", "Try before buy"),
    },
    "licence_kind": {
        "EXCLUSIVE": ("独占许可", "Exclusive licence"),
        "SOLE": ("排他许可", "Sole licence"),
        "ORDINARY": ("普通许可", "Ordinary licence"),
    },
    "price_form": {
        "FIXED": ("一口价", "Fixed"),
        "FLOOR": ("底价", "At least"),
        "NEGOTIABLE": ("面议", "To be agreed"),
        "ROYALTY": ("提成", "Royalty"),
        "MIXED": ("入门费加提成", "Entry fee and royalty"),
    },
    "royalty_base": {
        "net_sales": ("净销售额", "net sales"),
        "new_output_value": ("新增产值", "new output value"),
        "profit": ("利润", "profit"),
        "price": ("产品售价", "the product's price"),
    },
    "manner": {
        "MAKE": ("制造", "make"),
        "USE": ("使用", "use"),
        "OFFER": ("许诺销售", "offer for sale"),
        "OFFER_FOR_SALE": ("许诺销售", "offer for sale"),
        "SELL": ("销售", "sell"),
        "IMPORT": ("进口", "import"),
        "COPY": ("复制", "copy"),
        "DISTRIBUTE": ("发行", "distribute"),
        "MODIFY": ("修改", "modify"),
    },
    "kind": {
        "INVENTION_PATENT": ("发明专利", "Invention patent"),
        "UTILITY_MODEL": ("实用新型", "Utility model"),
        "DESIGN": ("外观设计", "Design"),
        "SOFTWARE_COPYRIGHT": ("软件著作权", "Software copyright"),
        "TECHNICAL_SECRET": ("技术秘密", "Technical secret"),
        "LAYOUT_DESIGN": ("集成电路布图设计", "Layout design"),
        "PLANT_VARIETY": ("植物新品种", "Plant variety"),
        "BIOMEDICAL_VARIETY": ("生物医药新品种", "Biomedical variety"),
        "OTHER": ("其他", "Other"),
    },
    "technology_field": {
        "01": ("电子信息", "Electronics and information"),
        "02": ("航空航天", "Aviation and space"),
        "03": ("先进制造", "Advanced manufacturing"),
        "04": ("生物、医药和医疗器械", "Biology, medicine and medical devices"),
        "05": ("新材料及其应用", "New materials"),
        "06": ("新能源与高效节能", "New energy and saving it"),
        "07": ("环境保护与资源综合利用", "Environment and resources"),
        "08": ("核应用", "Nuclear applications"),
        "09": ("农业", "Agriculture"),
        "10": ("现代交通", "Transport"),
        "11": ("城市建设与社会发展", "Cities and society"),
    },
}
PAIRS = frozenset({"rights", "indicators", "criteria", "milestones", "price_parts"})
"""Lists whose members are a name and what is said of it."""
SAME_WORDS = {"modes": "mode"}

STATES: Words = {
    "DRAFT": ("起草", "Draft"),
    "SUBMITTED": ("待审核", "Waits for review"),
    "RETURNED": ("已退回", "Returned"),
    "ACCEPTED": ("已通过", "Accepted"),
    "PUBLISHED": ("公开", "Open"),
    "ENGAGED": ("交易中", "In a trade"),
    "CLOSED": ("已成交", "Closed"),
    "EXPIRED": ("已到期", "Expired"),
    "WITHDRAWN": ("已撤回", "Withdrawn"),
}
TIERS: Words = {
    "PUBLIC": ("所有人可见", "what everybody sees"),
    "REGISTERED": ("核验用户可见", "what verified organisations see"),
    "NDA": ("签署保密协议后可见", "what is shown under an NDA"),
    "DEAL": ("交易谈判可见", "what is shown for a deal"),
}
ATTRIBUTION: Words = {
    "name": ("来源", "Source"),
    "licence": ("许可", "Licence"),
    "url": ("网址", "Address"),
    "sample": ("示例数据", "Sample data"),
}

PROVINCES: Words = {
    "11": ("北京市", "Beijing"),
    "12": ("天津市", "Tianjin"),
    "13": ("河北省", "Hebei"),
    "14": ("山西省", "Shanxi"),
    "15": ("内蒙古自治区", "Inner Mongolia"),
    "21": ("辽宁省", "Liaoning"),
    "22": ("吉林省", "Jilin"),
    "23": ("黑龙江省", "Heilongjiang"),
    "31": ("上海市", "Shanghai"),
    "32": ("江苏省", "Jiangsu"),
    "33": ("浙江省", "Zhejiang"),
    "34": ("安徽省", "Anhui"),
    "35": ("福建省", "Fujian"),
    "36": ("江西省", "Jiangxi"),
    "37": ("山东省", "Shandong"),
    "41": ("河南省", "Henan"),
    "42": ("湖北省", "Hubei"),
    "43": ("湖南省", "Hunan"),
    "44": ("广东省", "Guangdong"),
    "45": ("广西壮族自治区", "Guangxi"),
    "46": ("海南省", "Hainan"),
    "50": ("重庆市", "Chongqing"),
    "51": ("四川省", "Sichuan"),
    "52": ("贵州省", "Guizhou"),
    "53": ("云南省", "Yunnan"),
    "54": ("西藏自治区", "Tibet"),
    "61": ("陕西省", "Shaanxi"),
    "62": ("甘肃省", "Gansu"),
    "63": ("青海省", "Qinghai"),
    "64": ("宁夏回族自治区", "Ningxia"),
    "65": ("新疆维吾尔自治区", "Xinjiang"),
    "71": ("台湾省", "Taiwan"),
    "81": ("香港特别行政区", "Hong Kong"),
    "82": ("澳门特别行政区", "Macao"),
}
"""GB/T 2260 by the first two digits."""
INDUSTRIES: Words = {
    "A": ("农、林、牧、渔业", "Agriculture, forestry, fishing"),
    "B": ("采矿业", "Mining"),
    "C": ("制造业", "Manufacturing"),
    "D": ("电力、热力、燃气及水生产和供应业", "Power, heat, gas and water"),
    "E": ("建筑业", "Construction"),
    "F": ("批发和零售业", "Wholesale and retail"),
    "G": ("交通运输、仓储和邮政业", "Transport, storage and post"),
    "H": ("住宿和餐饮业", "Lodging and catering"),
    "I": ("信息传输、软件和信息技术服务业", "Information technology"),
    "J": ("金融业", "Finance"),
    "K": ("房地产业", "Real estate"),
    "L": ("租赁和商务服务业", "Leasing and business services"),
    "M": ("科学研究和技术服务业", "Research and technical services"),
    "N": ("水利、环境和公共设施管理业", "Water, environment, public facilities"),
    "O": ("居民服务、修理和其他服务业", "Repair and other services"),
    "P": ("教育", "Education"),
    "Q": ("卫生和社会工作", "Health and social work"),
    "R": ("文化、体育和娱乐业", "Culture, sport, entertainment"),
    "S": ("公共管理、社会保障和社会组织", "Public administration"),
    "T": ("国际组织", "International organisations"),
}
"""GB/T 4754 by its section."""
LANGUAGES = {"_zh": ("（中文）", " (Chinese)"), "_en": ("（英文）", " (English)")}


@dataclass(frozen=True, slots=True)
class Line:
    """A field as a page shows it: what it is called, and its values, each a text."""

    label: str
    texts: tuple[str, ...]


def said(words: Words, code: str, n: int) -> str:
    """A code that nobody has a word for stands for itself."""
    return words[code][n] if code in words else code


def lines_of(terms: Mapping[str, Any], language: str) -> list[Line]:
    """What a reader sees of the terms, in the order and in the words of a page; the page's language comes first."""
    n = 0 if language.startswith("zh") else 1
    order = {name: at for at, name in enumerate(FIELDS)}
    names = [name for name in terms if name not in NOT_SHOWN]

    def place(name: str) -> tuple[int, bool, str]:
        base, other = _base(name), name.endswith(("_en", "_zh")[n])
        return order.get(base, len(order)), other, name

    found = []
    for name in sorted(names, key=place):
        values = tuple(one for one in _values(name, terms[name], n) if one)
        if values:
            found.append(Line(label_of(name, n), values))
    return found


def label_of(name: str, n: int) -> str:
    base = _base(name)
    mark = LANGUAGES[name[-3:]][n] if base != name and not name.endswith(("_zh", "_en")[n]) else ""
    return said(FIELDS, base, n) + mark


def _base(name: str) -> str:
    return name[:-3] if name.endswith(("_zh", "_en")) and name[:-3] in FIELDS else name


def _values(name: str, value: Any, n: int) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _values(name, one, n)
    elif value is not None:
        yield _text(name, value, n)


def _text(name: str, value: Any, n: int) -> str:
    if isinstance(value, bool):
        return (("否", "no"), ("是", "yes"))[value][n]
    if isinstance(value, Mapping):
        return _whole(name, value, n)
    told = str(value)
    if name in ("region", "territory"):
        return place_of(told, n)
    if name in ("industry", "field"):
        return _use_of(told, n)
    if name == "technology_field":
        return f"{said(VALUES[name], told, n)} ({told})"
    if name in ("royalty_rate", "equity_share", "weight"):
        return _percent(told)
    return said(VALUES.get(SAME_WORDS.get(name, name), {}), told, n)


def _whole(name: str, value: Mapping[str, Any], n: int) -> str:
    if value.keys() == {"amount", "currency"}:
        return f"{Decimal(str(value['amount'])):,.2f} {value['currency']}"
    if name in PAIRS:
        parts = [" ".join(_values(one, told, n)) for one, told in value.items()]
        return (" " if name == "rights" else ("：", ": ")[n]).join(part for part in parts if part)
    pairs = ((label_of(one, n), ("、", ", ")[n].join(_values(one, told, n))) for one, told in value.items())
    return ("；", "; ")[n].join(f"{label}{('：', ': ')[n]}{told}" for label, told in pairs if told)


def place_of(code: str, n: int) -> str:
    """A place by its province, and its own code where it lies in one."""
    if code in ("WORLD", "CN"):
        return {"WORLD": ("全球", "worldwide"), "CN": ("中国", "China")}[code][n]
    digits = code.removeprefix("CN-")
    province = PROVINCES.get(digits[:2])
    if province is None or not digits.isdigit():
        return code
    return province[n] if not digits[2:].strip("0") else f"{province[n]} ({digits})"


def _use_of(code: str, n: int) -> str:
    if code == "ANY":
        return ("不限", "any")[n]
    section = INDUSTRIES.get(code[:1])
    return code if section is None else f"{section[n]} ({code})"


def _percent(told: str) -> str:
    try:
        return f"{(Decimal(told) * 100).normalize():f}%"
    except InvalidOperation:
        return told


def attribution_of(terms: Mapping[str, Any], language: str) -> list[Line]:
    """What the source of an import said of itself; an address that nobody is led to stands as text."""
    n = 0 if language.startswith("zh") else 1
    found = terms.get("attribution") or {}
    return [
        Line(said(ATTRIBUTION, name, n), () if value is True else (str(value),))
        for name, value in found.items()
        if value not in (None, False, "")
    ]


def address_of(terms: Mapping[str, Any]) -> str | None:
    """Where a listing of another market is traded, if that is a page of the web."""
    url = (terms.get("origin") or {}).get("url")
    return url if isinstance(url, str) and is_web_address(url) else None


def words_for(language: str, words: Words) -> dict[str, str]:
    n = 0 if language.startswith("zh") else 1
    return {code: told[n] for code, told in words.items()}
