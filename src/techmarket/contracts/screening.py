"""Clauses to look at twice (条款审查): what SPC-T art. 10 names as monopolising technology or impeding its progress.

A flag never refuses anything: words alone do not say whether a clause is unfair. It names the clause, the words, the
article and why, so that the parties read it before they sign; 民法典 art. 850 makes such a contract void.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

EXCERPT = 60


class FlagCode(StrEnum):
    GRANT_BACK = "GRANT_BACK"
    COMPETING_TECHNOLOGY = "COMPETING_TECHNOLOGY"
    EXPLOITATION = "EXPLOITATION"
    TIE_IN = "TIE_IN"
    SOURCING = "SOURCING"
    NO_CHALLENGE = "NO_CHALLENGE"


@dataclass(frozen=True, slots=True)
class ClauseFlag:
    code: FlagCode
    clause: str
    words: str
    source: str
    zh: str
    en: str


_RULES: tuple[tuple[FlagCode, str, str, str, tuple[str, ...]], ...] = (
    (
        FlagCode.GRANT_BACK,
        "SPC-T art. 10(1)",
        "限制对方改进技术，或者要求对方把改进成果无偿、非互惠地提供或转让给己方。",
        "It limits improvements, or asks that they be given back free, exclusively or not on equal terms.",
        (
            r"改进[^。；]{0,40}(无偿|归(许可人|让与人|许可方|让与方|甲方)(所有)?|独占回授|回授)",
            r"(不得|禁止|未经[^。；]{0,12}不得)[^。；]{0,12}(改进|二次开发)",
            r"grant[- ]?back|assign[^.;]{0,40}improvements?|improvements?[^.;]{0,60}(belong|assigned|free of charge)",
            r"(shall|may|must) not[^.;]{0,20}improve\b",
        ),
    ),
    (
        FlagCode.COMPETING_TECHNOLOGY,
        "SPC-T art. 10(2)",
        "限制对方从其他来源获得与之类似或者竞争的技术。",
        "It keeps the other side from similar or competing technology of other sources.",
        (
            r"(不得|禁止)[^。；]{0,30}(竞争|类似|同类)[^。；]{0,8}技术",
            r"(不得|禁止)[^。；]{0,20}(从|向)(其他|第三方)[^。；]{0,20}(引进|获得|获取)[^。；]{0,12}技术",
            r"(not|refrain from)[^.;]{0,50}(competing|similar|competitive) technolog",
        ),
    ),
    (
        FlagCode.EXPLOITATION,
        "SPC-T art. 10(3)",
        "阻碍对方按合理方式充分实施技术，包括明显不合理地限制产量、品种、价格、销售渠道和出口市场。",
        "It impedes full use: unreasonable limits of quantity, kind, price, channels or export.",
        (
            r"(不得|限制|禁止|仅限|不超过)[^。；]{0,20}(出口|产量|销售价格|销售渠道|销售区域|生产数量)",
            r"(出口|产量|销售价格|销售渠道|生产数量)[^。；]{0,12}(不得|须经[^。；]{0,8}(同意|批准)|由(许可人|许可方|甲方))",
            r"(not|no)\b[^.;]{0,20}\bexport|(minimum|fixed|resale) (selling )?prices?\b|"
            r"(quantity|output|sales channels?)[^.;]{0,30}(limited|restricted|not exceed)",
        ),
    ),
    (
        FlagCode.TIE_IN,
        "SPC-T art. 10(4)",
        "要求对方接受并非实施技术必不可少的附带条件：购买非必需的技术、原材料、产品、设备、服务，接收非必需的人员。",
        "It ties in what use of the technology does not need: technology, material, equipment, services, staff.",
        (
            r"(必须|应当|须)[^。；]{0,16}(一并|同时|搭配)[^。；]{0,16}(购买|采购|接受|订购)",
            r"(must|shall)[^.;]{0,30}(also|together|in addition)[^.;]{0,20}(buy|purchase|accept|order)",
            r"tie[- ]?in\b",
        ),
    ),
    (
        FlagCode.SOURCING,
        "SPC-T art. 10(5)",
        "不合理地限制对方购买原材料、零部件、产品或者设备等的渠道或者来源。",
        "It unreasonably limits where material, parts, products or equipment are bought.",
        (
            r"(只能|仅能|仅可|必须|应当|须|不得)[^。；]{0,12}(向|从|自)[^。；]{0,24}(购买|采购|购入)",
            r"(原材料|零部件|设备)[^。；]{0,20}(独家供应|指定(供应商|渠道)|由(许可人|许可方|甲方)供应)",
            r"(only|exclusively|solely)[^.;]{0,20}(from|through) (the )?(licensor|seller|transferor|designated)",
            r"designated suppliers?",
        ),
    ),
    (
        FlagCode.NO_CHALLENGE,
        "SPC-T art. 10(6)",
        "禁止对方对合同标的的知识产权有效性提出异议，或者对提出异议附加条件。",
        "It forbids to challenge the validity of the rights, or makes a challenge costly.",
        (
            r"(不得|禁止|放弃|无权)[^。；]{0,30}(有效性|无效宣告|宣告无效|提出异议|请求无效)",
            r"(not|waives?)[^.;]{0,30}(challenge|contest|question|dispute)[^.;]{0,40}(validity|patents?|rights?)",
            r"no[- ]challenge",
        ),
    ),
)
_COMPILED = tuple(
    (code, source, zh, en, re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE))
    for code, source, zh, en, patterns in _RULES
)


def screen(clauses: Sequence[tuple[str, str]]) -> tuple[ClauseFlag, ...]:
    """The flags of a text's clauses (title, words), in their order; at most one of each kind a clause."""
    return tuple(
        ClauseFlag(code, title, _excerpt(words, found), source, zh, en)
        for title, words in clauses
        for code, source, zh, en, pattern in _COMPILED
        if (found := pattern.search(words)) is not None
    )


def stated(clauses: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The flags as they are kept with a contract and shown."""
    return [
        {
            "code": flag.code.value,
            "clause": flag.clause,
            "words": flag.words,
            "source": flag.source,
            "zh": flag.zh,
            "en": flag.en,
        }
        for flag in screen(clauses)
    ]


def _excerpt(words: str, found: re.Match[str]) -> str:
    return words[found.start() : min(found.end(), found.start() + EXCERPT)]
