"""A public trade in the Open Contracting Data Standard 1.1 (OCDS 开放数据): the mapping, pure. See docs/open-data.md.

What goes in is what a stranger is shown of a project, and nothing else: so nothing here has to be left out again, and
what strangers are not shown is told as withheld, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.contracts.lifecycle import ContractState
from techmarket.dossiers.views import FiledAward, FiledContract, FileView
from techmarket.hub.merging import version_releases
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.money import Money
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.views import NoticeView
from techmarket.trading.lifecycle import AwardState, Method, TradeState
from techmarket.trading.views import BidLineView, LotView

OCID_PREFIX = "ocds-000000"
"""Stands where a publisher's registered prefix stands; a setting names the real one."""
BIDS_EXTENSION = (
    "https://raw.githubusercontent.com/open-contracting-extensions/ocds_bid_extension/v1.1.5/extension.json"
)
LICENSE = "https://creativecommons.org/licenses/by/4.0/"
VERSION = "1.1"
VALID = "leading"

TENDER_STATUS = {
    TradeState.ANNOUNCED: "active",
    TradeState.DECIDING: "active",
    TradeState.AWARDED: "complete",
    TradeState.CONCLUDED: "complete",
    TradeState.UNSOLD: "unsuccessful",
    TradeState.TERMINATED: "cancelled",
}
AWARD_STATUS = {
    AwardState.WAITING: "pending",
    AwardState.OFFERED: "pending",
    AwardState.CONCLUDED: "active",
    AwardState.DEFAULTED: "cancelled",
    AwardState.LAPSED: "cancelled",
    AwardState.ANNULLED: "cancelled",
    AwardState.RELEASED: "unsuccessful",
}
CONTRACT_STATUS = {
    ContractState.IN_FORCE: "active",
    ContractState.DISPUTED: "active",
    ContractState.PERFORMED: "terminated",
    ContractState.TERMINATED: "terminated",
}
RATED = frozenset({Method.SCORED, Method.SELECTION})

WITHHELD: Mapping[str, tuple[str, str]] = {
    "bids/details/tenderers": (
        "竞买人在公开记录中以编号出现；成交人由结果公告载明。",
        "Bidders stand in the public record by number; the result notice names who won.",
    ),
    "contracts/documents": (
        "合同文本为商业秘密，公开的是其生效、履行与登记状态。",
        "The text of a contract is a trade secret; that it binds, and how far it is carried out, is public.",
    ),
    "bids": (
        "开启前任何人不得获知报价及其数量。",
        "Before the opening nobody learns of quotes, nor of their number.",
    ),
}


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells, or asks for proposals: a verified organisation with its public card."""

    id: UUID
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None


@dataclass(frozen=True)
class Sources:
    """Everything a release is made of."""

    file: FileView
    seller: Party
    is_demand: bool
    bids: Mapping[UUID, Sequence[BidLineView]]
    public_url: str
    ocid_prefix: str = OCID_PREFIX
    notices: Mapping[UUID, NoticeView] = field(init=False)

    def __post_init__(self) -> None:
        found = {one.notice.line.id: one.notice for one in self.file.notices}
        object.__setattr__(self, "notices", found)

    @property
    def ocid(self) -> str:
        return f"{self.ocid_prefix}-{self.file.trade.number}"


def compiled(sources: Sources) -> dict[str, Any]:
    """The trade as it is known now, as one release."""
    awards = [_award(sources, one) for one in sources.file.awards]
    contracts = [_contract(sources, one, one.contract) for one in sources.file.awards if one.contract is not None]
    bids = _bids(sources)
    release: dict[str, Any] = {
        "ocid": sources.ocid,
        "date": _time(_date_of(sources)),
        "tag": ["compiled"],
        "initiationType": "tender",
        "language": "zh",
        "parties": _parties(sources),
        "tender": _tender(sources),
    }
    if bids:
        release["bids"] = bids
    if awards:
        release["awards"] = awards
    if contracts:
        release["contracts"] = contracts
    release["withheldInformation"] = _withheld(sources, bool(bids), bool(contracts))
    return _named(release)


def stages(sources: Sources) -> list[dict[str, Any]]:
    """The releases that led there: the tender, then the awards with the bids, then the contracts; each by its date."""
    whole = compiled(sources)
    found: list[tuple[str, datetime | None, tuple[str, ...]]] = [("tender", _announced(sources), ("tender",))]
    if "awards" in whole:
        first = min((one.offered_at for one in sources.file.awards if one.offered_at), default=None)
        found.append(("award", first, ("tender", "bids", "awards")))
    if "contracts" in whole:
        signed = [one.contract.in_force_at for one in sources.file.awards if one.contract and one.contract.in_force_at]
        found.append(("contract", max(signed, default=None), ("tender", "bids", "awards", "contracts")))
    releases = []
    for tag, at, parts in found:
        common = ("ocid", "initiationType", "language", "parties", "withheldInformation")
        release = {name: whole[name] for name in (*common, *parts) if name in whole}
        if tag == "tender":
            release["tender"] = release["tender"] | {"status": "active"}
            release["parties"] = [one for one in release["parties"] if "procuringEntity" in one["roles"]]
        releases.append(_named(release | {"tag": [tag], "date": _time(at or _date_of(sources))}))
    return releases


def record(sources: Sources) -> dict[str, Any]:
    """The releases of a trade, what they come to, and every value that it had with the release that brought it."""
    releases = stages(sources)
    return {
        "ocid": sources.ocid,
        "releases": releases,
        "compiledRelease": compiled(sources),
        "versionedRelease": version_releases(releases),
    }


def package(
    kind: str, items: Sequence[dict[str, Any]], *, uri: str, publisher: str, public_url: str, at: datetime
) -> dict[str, Any]:
    """A package of `releases` or `records` with what its readers need to know."""
    return {
        "uri": uri,
        "version": VERSION,
        "extensions": [BIDS_EXTENSION, f"{public_url}/v1/open-data/withheld-information/extension.json"],
        "publishedDate": _time(at),
        "publisher": {"name": publisher, "uri": public_url},
        "license": LICENSE,
        "publicationPolicy": f"{public_url}/v1/open-data/dictionary.csv",
        kind: list(items),
    }


# --- sections ---------------------------------------------------------------------------------------------------------


def _named(release: dict[str, Any]) -> dict[str, Any]:
    """A release's id is made of its content: other content is another release."""
    said = {name: value for name, value in release.items() if name not in ("id", "date")}
    digest = sha256_hex(canonical_json(_exact(said)))[:16]
    return {"ocid": release["ocid"], "id": f"{release['ocid']}-{release['tag'][0]}-{digest}", **release}


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return {name: _exact(inner) for name, inner in value.items()}
    return [_exact(inner) for inner in value] if isinstance(value, list) else value


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _value(money: Money) -> dict[str, Any]:
    # The standard asks for a JSON number. Fourteen digits of yuan and fen come through a double unchanged.
    return {"amount": money.minor / 100, "currency": money.currency}


def _announced(sources: Sources) -> datetime | None:
    notice = sources.notices.get(sources.file.trade.notice_id) if sources.file.trade.notice_id else None
    return notice.line.started_at or notice.line.created_at if notice is not None else None


def _date_of(sources: Sources) -> datetime:
    """When what is told last changed, as far as it is dated."""
    dated = [_announced(sources), *(one.at for one in sources.file.acts)]
    dated += [at for one in sources.file.awards for at in (one.offered_at, one.decided_at)]
    dated += [one.contract.in_force_at for one in sources.file.awards if one.contract is not None]
    dated += [lot.closed_at for lot in sources.file.trade.lots]
    return max(at for at in dated if at is not None)


def _party_id(seller: Party) -> str:
    return f"techmarket-{seller.id}"


def _winner_id(name: str) -> str:
    """The notice names the winner and gives no number: the same name is the same party within one release."""
    return f"named-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _parties(sources: Sources) -> list[dict[str, Any]]:
    seller = sources.seller
    own_roles = ["procuringEntity", *(("buyer", "payer") if sources.is_demand else ("seller", "payee"))]
    party: dict[str, Any] = {"id": _party_id(seller), "name": seller.name, "roles": own_roles}
    if seller.name_en:
        party["name_en"] = seller.name_en
    if seller.uscc:
        party["identifier"] = {"scheme": "CN-USCC", "id": seller.uscc, "legalName": seller.name}
    party["address"] = {"countryName": "CN"} | ({"region": seller.region} if seller.region else {})
    winners = dict.fromkeys(name for one in sources.file.awards if (name := _winner(sources, one)))
    roles = ["supplier", "tenderer", "payee" if sources.is_demand else "payer"]
    return [party, *({"id": _winner_id(name), "name": name, "roles": roles} for name in winners)]


def _winner(sources: Sources, award: FiledAward) -> str | None:
    notice = sources.notices.get(award.notice_id)
    name = notice.document.get("buyer") if notice is not None else None
    return name if isinstance(name, str) else None


def _tender(sources: Sources) -> dict[str, Any]:
    trade = sources.file.trade
    tender: dict[str, Any] = {
        "id": trade.number,
        "title": trade.title_zh or trade.title_en,
        "status": TENDER_STATUS[trade.state],
        "procuringEntity": {"id": _party_id(sources.seller), "name": sources.seller.name},
        "procurementMethod": "limited" if trade.method is Method.NEGOTIATION else "open",
        "procurementMethodDetails": trade.method.value,
        "mainProcurementCategory": "services",
        "additionalProcurementCategories": ["technology" if sources.is_demand else "technologySale"],
        "awardCriteria": "ratedCriteria" if trade.method in RATED else "priceOnly",
        "submissionMethod": ["electronicSubmission"],
        "items": [_item(lot) for lot in trade.lots],
        "documents": [_document(sources, one) for one in sources.notices.values() if _is_of(one, "tender")],
    }
    if not sources.is_demand and trade.method not in RATED:
        tender["awardCriteriaDetails"] = "The highest price wins: what is tendered is sold."
    period = {"startDate": _time(_announced(sources)), "endDate": _time(trade.announcement_ends_at)}
    tender["tenderPeriod"] = {name: at for name, at in period.items() if at is not None}
    if trade.title_zh and trade.title_en:
        tender["title_en"] = trade.title_en
    starts = [lot.start_price for lot in trade.lots if lot.start_price is not None]
    if starts and len(starts) == len(trade.lots):
        tender["minValue"] = _value(Money(sum(one.minor for one in starts)))
    return tender


def _item(lot: LotView) -> dict[str, Any]:
    item: dict[str, Any] = {"id": f"lot-{lot.n}", "description": lot.title_zh or lot.title_en, "quantity": 1}
    if lot.title_zh and lot.title_en:
        item["description_en"] = lot.title_en
    return item


def _is_of(notice: NoticeView, section: str) -> bool:
    return (notice.line.kind is NoticeKind.ANNOUNCEMENT) is (section == "tender")


def _document(sources: Sources, notice: NoticeView) -> dict[str, Any]:
    kind = "tenderNotice" if notice.line.kind is NoticeKind.ANNOUNCEMENT else "awardNotice"
    published = notice.line.started_at or notice.line.created_at
    return {
        "id": str(notice.line.id),
        "documentType": kind,
        "title": f"{notice.line.kind.value} {sources.file.trade.number}",
        "url": f"{sources.public_url}/v1/notices/{notice.line.id}",
        "datePublished": _time(published),
        "format": "application/json",
        "language": "zh",
    }


def _price(notice: NoticeView | None) -> Money | None:
    """The price a notice states; the announcement states none."""
    said = (notice.document.get("deal_price") or notice.document.get("intended_price")) if notice is not None else None
    return Money.parse(said["amount"]) if isinstance(said, dict) else None


def _award(sources: Sources, award: FiledAward) -> dict[str, Any]:
    notice = sources.notices.get(award.notice_id)
    lot = next(lot for lot in sources.file.trade.lots if lot.id == award.lot_id)
    made: dict[str, Any] = {
        "id": str(award.id),
        "title": lot.title_zh or lot.title_en,
        "status": AWARD_STATUS[award.state],
        "items": [_item(lot)],
        "documents": [_document(sources, notice)] if notice is not None else [],
    }
    if award.offered_at is not None:
        made["date"] = _time(award.offered_at)
    price, name = _price(notice), _winner(sources, award)
    if price is not None:
        made["value"] = _value(price)
    if name is not None:
        made["suppliers"] = [{"id": _winner_id(name), "name": name}]
    return made


def _contract(sources: Sources, award: FiledAward, contract: FiledContract) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": contract.number,
        "awardID": str(award.id),
        "status": CONTRACT_STATUS[contract.state],
        "dateSigned": _time(contract.in_force_at),
    }
    price = _price(sources.notices.get(award.notice_id))
    if price is not None:
        made["value"] = _value(price)
    if contract.certificate is not None:
        certificate = contract.certificate
        made["documents"] = [
            {
                "id": certificate.number,
                "documentType": "completionCertificate",
                "title": f"{certificate.number} ({certificate.state.value})",
                "url": f"{sources.public_url}/v1/certificates/{certificate.number}",
                "datePublished": _time(certificate.issued_at),
                "format": "application/json",
                "language": "zh",
            }
        ]
    return made


def _bids(sources: Sources) -> dict[str, Any] | None:
    """The public book of every lot that is closed: each entry, and what they come to."""
    details: list[dict[str, Any]] = []
    counted: list[dict[str, Any]] = []
    for lot in sources.file.trade.lots:
        lines = sources.bids.get(lot.id, ())
        if lot.closed_at is None or not lines:
            continue
        details += [_bid(lot, line) for line in lines]
        valid = [line for line in lines if _is_valid(line)]
        amounts = [line.amount for line in valid if line.amount is not None]
        counted += [
            _statistic(lot, "bids", len(lines)),
            _statistic(lot, "validBids", len(valid)),
            _statistic(lot, "disqualifiedBids", len(lines) - len(valid)),
            _statistic(lot, "bidders", len({line.bidder for line in lines})),
        ]
        if amounts:
            least, most = min(one.minor for one in amounts), max(one.minor for one in amounts)
            counted += [
                _statistic(lot, "lowestValidBidValue", least / 100, "CNY"),
                _statistic(lot, "highestValidBidValue", most / 100, "CNY"),
            ]
    return {"statistics": counted, "details": details} if details else None


def _is_valid(line: BidLineView) -> bool:
    return line.verdict == VALID and not line.is_void


def _bid(lot: LotView, line: BidLineView) -> dict[str, Any]:
    bid: dict[str, Any] = {
        "id": f"lot-{lot.n}-{line.seq}",
        "date": _time(line.at),
        "status": "valid" if _is_valid(line) else "disqualified",
        "submissionType": "bid",
        "relatedLots": [f"lot-{lot.n}"],
        "identifiers": [{"scheme": "bidder-number", "id": str(line.bidder)}],
    }
    if line.amount is not None:
        bid["value"] = _value(line.amount)
    return bid


def _statistic(lot: LotView, measure: str, value: float, currency: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"lot-{lot.n}-{measure}",
        "measure": measure,
        "value": value,
        "relatedLot": f"lot-{lot.n}",
    }
    return made | ({"currency": currency} if currency else {})


def _withheld(sources: Sources, has_bids: bool, has_contracts: bool) -> list[dict[str, str]]:
    """What a reader might look for and does not find, each with the reason in both languages."""
    trade = sources.file.trade
    fields = []
    if has_bids:
        fields.append("bids/details/tenderers")
    elif any(lot.method is Method.SEALED and lot.closed_at is None for lot in trade.lots):
        fields.append("bids")
    if has_contracts:
        fields.append("contracts/documents")
    return [{"field": name, "rationale": WITHHELD[name][0], "rationale_en": WITHHELD[name][1]} for name in fields]


# --- for people -------------------------------------------------------------------------------------------------------

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("ocid", "开放数据编号", "the trade's id in open data"),
    ("number", "项目编号", "the trade's public number"),
    ("title", "项目名称", "what is traded"),
    ("method", "交易方式", "how the price is found"),
    ("status", "状态", "tender status after OCDS"),
    ("seller", "转让方（需求方）", "who sells, or asks for proposals"),
    ("announced_at", "公告时间", "when it was announced, UTC"),
    ("start_price_cny", "起始价（元）", "sum of the lots' start prices, in yuan"),
    ("bids", "报价次数", "entries of the public books of closed lots"),
    ("winner", "受让方", "who won, by the result notice; several with a semicolon"),
    ("price_cny", "成交价（元）", "sum of the awards that are pending or active, in yuan"),
    ("contract_status", "合同状态", "contract status after OCDS"),
    ("certificate", "鉴证书编号", "numbers of certificates; several with a semicolon"),
)


def row_of(release: Mapping[str, Any]) -> list[str]:
    """A compiled release as one line of a table; see COLUMNS."""
    tender, awards = release["tender"], release.get("awards", [])
    standing = [one for one in awards if one["status"] in ("pending", "active")]
    contracts = release.get("contracts", [])
    prices = [one["value"]["amount"] for one in standing if "value" in one]
    documents = [document["id"] for one in contracts for document in one.get("documents", ())]
    return [
        release["ocid"],
        tender["id"],
        tender["title"],
        tender["procurementMethodDetails"],
        tender["status"],
        tender["procuringEntity"]["name"],
        tender["tenderPeriod"].get("startDate", ""),
        f"{tender['minValue']['amount']:.2f}" if "minValue" in tender else "",
        str(len(release["bids"]["details"])) if "bids" in release else "",
        "; ".join(supplier["name"] for one in standing for supplier in one.get("suppliers", ())),
        f"{sum(prices):.2f}" if prices else "",
        "; ".join(one["status"] for one in contracts),
        "; ".join(documents),
    ]


def cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


EXTENSION = {
    "name": {"en": "Withheld information", "zh": "不公开的信息"},
    "description": {
        "en": "Names what of a process is not published, and why.",
        "zh": "载明哪些内容不公开及其原因。",
    },
    "documentationUrl": {"en": "docs/open-data.md"},
    "compatibility": ["1.1"],
    "schemas": ["release-schema.json"],
}
EXTENSION_SCHEMA = {
    "properties": {
        "withheldInformation": {
            "title": "Withheld information",
            "description": "What of this process is not published, and why.",
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "properties": {
                    "field": {"title": "Field", "type": "string", "description": "Path within the release."},
                    "rationale": {"title": "Rationale", "type": "string"},
                    "rationale_en": {"title": "Rationale in English", "type": "string"},
                },
                "required": ["field", "rationale"],
            },
        }
    }
}
