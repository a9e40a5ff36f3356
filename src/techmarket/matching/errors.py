"""How matching says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class ReasonUnfit(Refusal):
    code, kind = "matching.reason_unfit", Kind.INVALID
    zh = "判为不相关时须说明原因；判为感兴趣时不填原因。"
    en = "A match that is not relevant names its reason; one of interest names none."


class MatchNotShown(Refusal):
    code, kind = "matching.match_not_shown", Kind.CONFLICT
    zh = "本单位尚未在该信息的匹配结果中看到过它；请先查询匹配再评价。"
    en = "Your organisation was not shown this as a match of the listing; ask for its matches first."


class StatementMissing(Refusal):
    code, kind = "matching.statement_missing", Kind.INVALID
    zh = "愿意被检索的人须写一段中文或英文自述。"
    en = "Whoever wants to be found says in Chinese or English what he is good at."


class SearchEmpty(Refusal):
    code, kind = "matching.search_empty", Kind.INVALID
    zh = "请填写检索词或至少一个筛选条件。"
    en = "A saved search needs words or at least one filter."


class SearchesTooMany(Refusal):
    code, kind = "matching.searches_too_many", Kind.CONFLICT
    zh = "您已有 {most} 个订阅；请先结束其中一个。"
    en = "You have {most} running searches; end one of them first."


class AlertsLost(Refusal):
    """Nobody was given such a cursor since the database was restored: it would wait for numbers that were given out."""

    code, kind = "matching.alerts_lost", Kind.CONFLICT
    zh = "此游标指向尚未告知您的内容：数据库可能已从备份恢复。请从头重新读取提醒。"
    en = (
        "This cursor stands behind what you were told so far; the database may have been restored from a backup. "
        "Read your alerts anew from the start."
    )
