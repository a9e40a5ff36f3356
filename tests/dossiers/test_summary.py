"""The page that a court reads: what it says of a price notice, in words and in both languages."""

from __future__ import annotations

import pypdfium2

from techmarket.dossiers import rules, summary
from techmarket.dossiers.summary import Named, Stated
from techmarket.dossiers.words import KINDS
from techmarket.kernel.seals import Seal
from techmarket.transparency import offline

TRADE, NOTICE, LOG = (f"00000000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
TEXT, EVIDENCE, DECISION = "ab" * 32, "ee" * 32, "cd" * 32


def at(day: int, hour: int) -> str:
    """An hour of March 2026 in Shanghai, as an entry spells it."""
    return f"2026-03-{day:02}T{hour - 8:02}:00:00+00:00"


def a_statement(lines: int = 3) -> Stated:
    """The negotiated sale of the second story: published in both places, one objection dismissed, over on the 23rd."""
    note = offline.sign_checkpoint(offline.Checkpoint(offline.origin_of(LOG), 4321, b"\x12" * 32), Seal.generate())
    notice = {
        "notice": NOTICE,
        "kind": "PRICE",
        "subject": f"award:{TRADE}",
        "document_sha256": TEXT,
        "length": {"n": 15, "unit": "days"},
        "added": [],
        "started_at": at(2, 10),
        "stops": [[at(16, 9), at(20, 11)]],
        "objections": 1,
        "upheld": 0,
        "ends_at": "2026-03-23T16:00:00+00:00",
        "cleared_at": "2026-03-23T16:00:01+00:00",
        "gone": None,
    }
    happened = [
        {"at": at(2, 9), "kind": "notices.posted", "place": "MARKET"},
        {"at": at(2, 10), "kind": "notices.posted", "place": "UNIT", "evidence_sha256": EVIDENCE},
        {"at": at(16, 9), "kind": "notices.objection_filed"},
        {"at": at(20, 11), "kind": "notices.objection_decided", "upheld": False},
    ]
    grounds = {
        "approvals": [
            {
                "kind": "COLLECTIVE_DECISION",
                "state": "IN_FORCE",
                "decided_on": "2026-02-02",
                "document_sha256": DECISION,
                "evidence": [["MINUTES", EVIDENCE]],
            }
        ],
        "consents": [{"organisation_id": None, "state": "GIVEN", "given_at": at(1, 9), "document_sha256": None}],
    }
    entries = [{"n": n, "at": at(2, 9), "kind": "trading.announced"} for n in range(lines)]
    return Stated(
        f"trade:{TRADE}",
        Named("JY-2026-000123", ("一种控制大型托盘激光焊接变形的方法" * 4, "Sample method " * 12), "示例大学"),
        at(24, 9),
        {"log_id": LOG, "checkpoint": note, "cosignatures": [], "grew_from": []},
        [notice, {"notice": "n", "not_counted": "rulebook.no_calendar"}],
        {NOTICE: happened},
        grounds,
        entries,
        lines,
        2,
        (3, 1),
    )


def words_of(pdf: bytes) -> list[str]:
    """The words of each page, without the breaks that lines make."""
    return ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf)]


def test_the_summary_says_in_words_what_stood_where_from_when_to_when_and_how_it_ended() -> None:
    page = "".join(words_of(summary.draw(a_statement())))
    for said in (
        "项目trade JY-2026-000123",
        "一种控制大型托盘激光焊接变形的方法" * 4,
        "Sample method " * 12,
        "示例大学",
        "价格公示price notice",
        "15 日days",
        "技术交易市场on the market，自since 2026-03-02 09:00:00 +08:00",
        "单位内in the unit，自since 2026-03-02 10:00:00 +08:00",
        EVIDENCE,
        "2026-03-16 09:00:00 +08:00 – 2026-03-20 11:00:00 +08:00",
        "2026-03-20 11:00:00 +08:00 异议不成立objection dismissed",
        "2026-03-23 24:00:00 +08:00",
        "公示期满，无未决异议cleared",
        "rulebook.no_calendar",
        "集体决策collective decision（已生效in force）",
        "会议纪要minutes",
        "个人a person（已同意given）",
        "交易公告trade announced trading.announced",
    ):
        assert "".join(said.split()) in page, said


def test_a_long_summary_names_its_subject_and_the_columns_on_every_page_and_nothing_runs_over_the_edge() -> None:
    drawn = pypdfium2.PdfDocument(summary.draw(a_statement(lines=150)))
    pages = [page.get_textpage() for page in drawn]
    assert len(pages) > 2
    for page, words in zip(drawn, pages, strict=True):
        width, _ = page.get_size()
        boxes = [words.get_charbox(n) for n in range(words.count_chars())]
        assert max(right for _, _, right, _ in boxes) < width - 40
        assert min(left for left, _, right, _ in boxes if right > left) > 40
    for words in pages[1:]:
        said = "".join(words.get_text_range().split())
        assert f"trade:{TRADE}" in said
        assert "事项what" in said


def test_everything_the_public_is_told_of_has_words() -> None:
    assert set(KINDS) >= rules.TOLD
