"""Why an expert does not sit, swear or mark."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NoPanelHere(Refusal):
    code, kind = "trading.no_panel_here", Kind.CONFLICT
    zh = "该项目的规则没有评委评分。"
    en = "The rules of this trade ask for no panel."


class PanelClosed(Refusal):
    code, kind = "trading.panel_closed", Kind.CONFLICT
    zh = "标的状态为 {state}，评委组成与评分已不能更改。"
    en = "The lot is {state}; its panel and marks no longer change."


class PanelIncomplete(Refusal):
    code, kind = "trading.panel_incomplete", Kind.CONFLICT
    zh = "开标前评委须全部确定并签署声明：应有 {experts} 名，已签署 {seated} 名；请市场先补足评委。"
    en = (
        "Proposals are opened once the panel is complete and sworn: {seated} of {experts} experts are. The market "
        "completes it first."
    )
    also = (("due_at", "最迟于 {due_at} 开标，否则不成交。", "The lot is opened by {due_at}, or ends unsold."),)


class NotAnExpert(Refusal):
    code, kind = "trading.not_an_expert", Kind.CONFLICT
    zh = "该人员没有有效的专家资格（EXPERT）；请先由市场登记资格。"
    en = "This person holds no valid qualification EXPERT; the market enters it first."


class ExpertConflicted(Refusal):
    code, kind = "trading.expert_conflicted", Kind.CONFLICT
    zh = "评委与项目有利害关系（{because}），须回避。"
    en = "This expert has a conflict of interest ({because}) and cannot sit on the panel."


class PanelFull(Refusal):
    code, kind = "trading.panel_full", Kind.CONFLICT
    zh = "评委已满公告的 {experts} 名；须先有评委回避，方可补充。"
    en = "The panel has the {experts} experts that were announced; another comes in only for one who was recused."


class ExpertAlready(Refusal):
    code, kind = "trading.expert_already", Kind.CONFLICT
    zh = "该人员已在评委名单中。"
    en = "This person is on the panel already."


class DeclarationMissing(Refusal):
    code, kind = "trading.declaration_missing", Kind.CONFLICT
    zh = "评委须先签署无利害关系及保密声明，方可查看方案和评分。"
    en = "An expert first signs that he is free of interest and keeps secret; then he reads proposals and marks them."


class NothingToMark(Refusal):
    code, kind = "trading.nothing_to_mark", Kind.CONFLICT
    zh = "目前不在评分阶段（标的状态 {state}）。"
    en = "This is not the time for marks (the lot is {state})."
    also = (("effective_end", "报价截止时间：{effective_end}。", "Proposals are taken until {effective_end}."),)


class SheetIncomplete(Refusal):
    code, kind = "trading.sheet_incomplete", Kind.INVALID
    zh = "评分表须对每个方案的每项评委标准各给一个 0 至 100 的分数；应有：{wanted}。"
    en = "A sheet gives each proposal one mark from 0 to 100 for each criterion of the panel; wanted: {wanted}."


class SheetGiven(Refusal):
    code, kind = "trading.sheet_given", Kind.CONFLICT
    zh = "您已提交评分表，不能更改。"
    en = "Your sheet is in and does not change."


class ScoresSealed(Refusal):
    code, kind = "trading.scores_sealed", Kind.CONFLICT
    zh = "评委评分在全部提交前不公开；已提交 {given}/{seated}。"
    en = "Marks are sealed until all are in; {given} of {seated} sheets are."
    also = (("due_at", "最迟于 {due_at} 提交。", "They are due by {due_at}."),)
