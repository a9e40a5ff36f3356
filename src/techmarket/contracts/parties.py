"""The kinds of party in the registration form (认定登记表, 当事人类别), and the place codes that go with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from techmarket.contracts import errors
from techmarket.identity.actor import OrgKind

NAMES: Mapping[str, str] = {
    "010": "机关法人",
    "020": "事业法人",
    "021": "科研机构",
    "022": "高等院校",
    "023": "医疗卫生",
    "024": "其他事业法人",
    "030": "社团法人",
    "100": "内资企业",
    "110": "国有企业",
    "120": "集体企业",
    "130": "股份合作企业",
    "140": "联营企业",
    "150": "有限责任公司",
    "160": "股份有限公司",
    "170": "私营企业",
    "180": "其他内资企业",
    "200": "港、澳、台商投资企业",
    "210": "港、澳、台合资经营企业",
    "220": "港、澳、台合作经营企业",
    "230": "港、澳、台商独资经营企业",
    "240": "港、澳、台商投资股份有限公司",
    "300": "外商投资企业",
    "310": "中外合资经营企业",
    "320": "中外合作经营企业",
    "340": "外商投资股份有限公司",
}
_OTHERS = re.compile(r"4[0-9]{2}")  # individuals and others: the form has more than the texts seen list
_BY_KIND: Mapping[OrgKind, str] = {
    OrgKind.UNIVERSITY: "022",
    OrgKind.INSTITUTE: "021",
    OrgKind.ENTERPRISE: "100",
    OrgKind.AGENCY: "100",
    OrgKind.BANK: "100",
    OrgKind.MARKET: "024",
    OrgKind.AUTHORITY: "010",
}


def code_of(kind: OrgKind) -> str:
    """The code of a kind of organisation where the filer names none."""
    return _BY_KIND[kind]


def require_code(code: str, *, pointer: str) -> str:
    """A party's kind is one of the form's; individuals and others begin with 4."""
    if code not in NAMES and not _OTHERS.fullmatch(code):
        raise errors.PartyCodeUnknown(party_code=code, pointer=pointer)
    return code
