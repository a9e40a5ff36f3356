"""What the text of each kind of contract must state (合同必备条款), and what the law says where the parties are silent.

A fact that no law fills must be given, and its absence is refused by name. What the law fills is written into the text
as the law's own rule, marked as such, so that whoever signs reads what holds. Sources are articles of the 民法典 unless
another is named; SPC-T is the Supreme Court's interpretation on technology contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from techmarket.contracts import errors
from techmarket.contracts.rules import ContractType as T


class Form(StrEnum):
    """What precisely a contract is about (合同类别细分)."""

    COMMISSIONED = "COMMISSIONED"
    COOPERATIVE = "COOPERATIVE"
    PATENT_RIGHT = "PATENT_RIGHT"
    PATENT_APPLICATION = "PATENT_APPLICATION"
    TECHNICAL_SECRET = "TECHNICAL_SECRET"  # noqa: S105
    SOFTWARE = "SOFTWARE"
    LAYOUT_DESIGN = "LAYOUT_DESIGN"
    PLANT_VARIETY = "PLANT_VARIETY"
    OTHER_RIGHT = "OTHER_RIGHT"


_RIGHTS = frozenset(
    {
        Form.PATENT_RIGHT,
        Form.PATENT_APPLICATION,
        Form.TECHNICAL_SECRET,
        Form.SOFTWARE,
        Form.LAYOUT_DESIGN,
        Form.PLANT_VARIETY,
        Form.OTHER_RIGHT,
    }
)
FORMS: Mapping[T, frozenset[Form]] = {
    T.DEVELOPMENT: frozenset({Form.COMMISSIONED, Form.COOPERATIVE}),
    T.TRANSFER: _RIGHTS,
    T.LICENCE: _RIGHTS,
    T.CONSULTING: frozenset(),
    T.SERVICE: frozenset(),
    T.TRAINING: frozenset(),
    T.INTERMEDIARY: frozenset(),
}
ABOUT_RIGHTS = frozenset({T.TRANSFER, T.LICENCE})
"""Kinds that dispose of achievements on record; the others order work."""
NAMES: Mapping[T, tuple[str, str]] = {
    T.DEVELOPMENT: ("技术开发合同", "Technology development contract"),
    T.TRANSFER: ("技术转让合同", "Technology transfer contract"),
    T.LICENCE: ("技术许可合同", "Technology licence contract"),
    T.CONSULTING: ("技术咨询合同", "Technology consulting contract"),
    T.SERVICE: ("技术服务合同", "Technology service contract"),
    T.TRAINING: ("技术培训合同", "Technology training contract"),
    T.INTERMEDIARY: ("技术中介合同", "Technology intermediary contract"),
}
SIDES: Mapping[T, tuple[tuple[str, str], tuple[str, str]]] = {
    T.DEVELOPMENT: (("研究开发人", "developer"), ("委托人", "principal")),
    T.TRANSFER: (("让与人", "transferor"), ("受让人", "transferee")),
    T.LICENCE: (("许可人", "licensor"), ("被许可人", "licensee")),
    T.CONSULTING: (("受托人", "consultant"), ("委托人", "principal")),
    T.SERVICE: (("受托人", "provider"), ("委托人", "principal")),
    T.TRAINING: (("培训方", "trainer"), ("委托人", "principal")),
    T.INTERMEDIARY: (("中介人", "intermediary"), ("委托人", "principal")),
}
"""What payee and payer are called in each kind of contract."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a text must state. With `silent_zh` the law says what holds where the parties are silent."""

    code: str
    zh: str
    en: str
    source: str
    silent_zh: str | None = None
    silent_en: str | None = None


_CONFIDENTIALITY = Fact(
    "confidentiality",
    "保密",
    "confidentiality",
    "art. 501, 509, 868, 869",
    "双方对订立和履行合同中知悉的技术秘密和其他应当保密的信息负保密义务，合同终止后亦同。",
    "Both keep secret what they learn in confidence from concluding and performing the contract, also after its end.",
)
_IMPROVEMENT = Fact(
    "improvement",
    "后续改进成果的归属与分享",
    "later improvements",
    "art. 875",
    "一方后续改进的技术成果归改进方，其他各方无权分享。",
    "An improvement belongs to whoever made it; the others have no share in it.",
)
_LIABILITY = Fact(
    "liability",
    "违约责任",
    "liability",
    "art. 577, 584, 585",
    "违约方继续履行、采取补救措施或者赔偿损失，赔偿不超过订立合同时能够预见的损失。",
    "Whoever breaks the contract performs, remedies or compensates, up to the loss foreseeable when it was concluded.",
)
_DISPUTES = Fact(
    "disputes",
    "争议的解决",
    "settlement of disputes",
    "art. 470",
    "双方协商；协商不成的，任何一方可以向有管辖权的人民法院起诉。",
    "The parties negotiate; failing that, either may sue in the court that has jurisdiction.",
)
_TASK = Fact("task", "标的的内容、范围和要求", "what is to be done, its scope and demands", "art. 845")
_SCHEDULE = Fact("schedule", "履行的计划、地点和方式", "plan, place and manner of performance", "art. 845")
_ACCEPTANCE = Fact("acceptance", "验收标准和方式", "standard and manner of acceptance", "art. 845")
_MATERIALS = Fact(
    "materials",
    "技术资料的交付",
    "delivery of the technical documents",
    "art. 866, 868",
    "让与人（许可人）按约定提供技术资料、进行技术指导，保证技术的实用性、可靠性。",
    "The seller hands over the documents, gives guidance, and answers for practicality and reliability.",
)
_SUB_LICENCE = Fact(
    "sub_licence",
    "再许可",
    "sub-licence",
    "art. 867, 869; SPC-T art. 25",
    "被许可人不得许可合同约定以外的第三人实施；约定可以再许可的，再许可为普通许可。",
    "The licensee lets no third party use it; where a sub-licence is agreed, it is an ordinary one.",
)
_MAINTENANCE = Fact(
    "maintenance",
    "专利有效的维持",
    "keeping the patent alive",
    "SPC-T art. 26",
    "许可人在合同有效期内负有维持专利权有效的义务，包括依法缴纳专利年费。",
    "The licensor keeps the patent alive during the contract and pays its annual fees.",
)
_TITLE = Fact(
    "warranty",
    "权利保证",
    "warranty of title",
    "art. 870, 874",
    "让与人（许可人）保证自己是所提供技术的合法拥有者，技术完整、无误、有效；侵害他人权益的由其承担责任。",
    "The seller warrants that it lawfully holds the technology, complete and working, and answers if it infringes.",
)
_RISK = Fact(
    "risk",
    "研究开发风险",
    "risk of failure",
    "art. 858",
    "因无法克服的技术困难致使研究开发失败的，风险由当事人合理分担。",
    "Where the development fails for difficulties nobody could overcome, the parties share the loss reasonably.",
)
_RESULTS_COMMISSIONED = Fact(
    "results",
    "成果的归属",
    "who owns the results",
    "art. 859, 861",
    "申请专利的权利属于研究开发人；委托人可以依法实施该专利，并在其转让申请专利的权利时有同等条件优先受让权。",
    "The right to apply for a patent is the developer's; the principal may use it and has the first refusal.",
)
_RESULTS_COOPERATIVE = Fact(
    "results",
    "成果的归属",
    "who owns the results",
    "art. 860, 861",
    "申请专利的权利属于合作开发的当事人共有；一方转让其共有部分的，其他各方有同等条件优先受让权。",
    "The right to apply for a patent is owned jointly; who sells his part offers it to the others first.",
)
_CONTRIBUTIONS = Fact("contributions", "分工与投入", "who contributes what", "art. 855")
_NEW_RESULTS = Fact(
    "results",
    "新技术成果的归属",
    "new results",
    "art. 885",
    "受托人利用委托人的资料和条件完成的新成果属于受托人；委托人利用受托人的工作成果完成的新成果属于委托人。",
    "New results belong to whoever made them out of the other's material.",
)
_DEAL = Fact("deal", "所促成的技术交易", "the deal that is brought about", "SPC-T art. 38")
_COSTS = Fact(
    "costs",
    "中介活动的费用",
    "costs of the intermediary",
    "SPC-T art. 39; art. 963",
    "中介人促成合同成立的，费用由中介人负担；未促成的，可以请求支付从事中介活动的必要费用。",
    "With a deal the intermediary bears its costs; without one it may ask for the necessary costs.",
)

REQUIRED: Mapping[T, tuple[Fact, ...]] = {
    T.DEVELOPMENT: (_TASK, _SCHEDULE, _ACCEPTANCE, _RISK, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
    T.TRANSFER: (_TITLE, _MATERIALS, _IMPROVEMENT, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
    T.LICENCE: (_SUB_LICENCE, _MAINTENANCE, _TITLE, _MATERIALS, _IMPROVEMENT, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
    T.CONSULTING: (_TASK, _ACCEPTANCE, _NEW_RESULTS, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
    T.SERVICE: (_TASK, _SCHEDULE, _ACCEPTANCE, _NEW_RESULTS, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
    T.TRAINING: (_TASK, _SCHEDULE, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
    T.INTERMEDIARY: (_DEAL, _COSTS, _CONFIDENTIALITY, _LIABILITY, _DISPUTES),
}


def facts_of(contract_type: T, form: Form | None) -> tuple[Fact, ...]:
    """Everything the text of this kind states, in order."""
    wanted = REQUIRED[contract_type]
    if contract_type is T.DEVELOPMENT:
        own = (_CONTRIBUTIONS, _RESULTS_COOPERATIVE) if form is Form.COOPERATIVE else (_RESULTS_COMMISSIONED,)
        return (*wanted[:3], *own, *wanted[3:])
    return wanted


def require_form(contract_type: T, form: Form | None) -> None:
    """A development is commissioned or cooperative; a right is named by its kind; the others have no forms."""
    if form is not None and form not in FORMS[contract_type]:
        raise errors.FormUnfit(form=form, type=contract_type, pointer="/body/form")
    if contract_type is T.DEVELOPMENT and form is None:
        raise errors.FactsMissing(missing=["form"], pointer="/body/form")


def filled(contract_type: T, form: Form | None, given: Mapping[str, str]) -> list[dict[str, str]]:
    """The facts as the text states them: what was given, else what the law says. What neither says is refused."""
    known = facts_of(contract_type, form)
    unknown = sorted(set(given) - {fact.code for fact in known})
    if unknown:
        raise errors.FactsUnknown(
            unknown=unknown, possible=[fact.code for fact in known], pointer=f"/body/facts/{unknown[0]}"
        )
    missing = [fact.code for fact in known if not given.get(fact.code, "").strip() and fact.silent_zh is None]
    if missing:
        raise errors.FactsMissing(missing=missing, pointer=f"/body/facts/{missing[0]}")
    return [_stated(fact, given.get(fact.code, "").strip()) for fact in known]


def _stated(fact: Fact, text: str) -> dict[str, str]:
    head = {"code": fact.code, "title_zh": fact.zh, "title_en": fact.en, "source": fact.source}
    if text:
        return head | {"by": "parties", "text": text}
    return head | {"by": "law", "text_zh": fact.silent_zh or "", "text_en": fact.silent_en or ""}


# --- the facts of a patent (art. 845) ---


@dataclass(frozen=True, slots=True)
class PatentFacts:
    """What the record holds of one patent right."""

    name: str | None
    owners: tuple[str, ...]
    number: str | None
    application_number: str | None
    filed_on: date | None
    expires_on: date | None
    is_pending: bool
    is_over: bool


def missing_of_patent(patent: PatentFacts) -> list[str]:
    """A contract about a patent states the invention's name, applicant and owner, day of filing, application number,
    patent number and expiry; one not granted yet has no number and no expiry (art. 845)."""
    wanted = {
        "name": patent.name,
        "applicant_and_owner": patent.owners,
        "filed_on": patent.filed_on,
        "application_number": patent.application_number,
    }
    if not patent.is_pending:
        wanted |= {"number": patent.number, "expires_on": patent.expires_on}
    return [code for code, value in wanted.items() if not value]


def require_patents(patents: Sequence[PatentFacts], *, today: date) -> None:
    """Signing opens when every patent is stated whole, and none has run out or was declared invalid (art. 865)."""
    missing = [
        f"{patent.number or patent.application_number or patent.name}: {code}"
        for patent in patents
        for code in missing_of_patent(patent)
    ]
    if missing:
        raise errors.PatentFactsMissing(missing=missing)
    over = [
        patent.number or patent.application_number or "-"
        for patent in patents
        if patent.is_over or (patent.expires_on is not None and patent.expires_on < today)
    ]
    if over:
        raise errors.PatentOver(numbers=over)


def application_number_of(number: str | None) -> str | None:
    """A patent's number is its application number with ZL before it."""
    if number is None:
        return None
    return number.upper().removeprefix("ZL").removeprefix("CN").strip() or None


def titles(facts: Iterable[Fact]) -> dict[str, tuple[str, str]]:
    return {fact.code: (fact.zh, fact.en) for fact in facts}
