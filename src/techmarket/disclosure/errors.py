"""How disclosure says no. What may not be known is simply not found."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class BadDocumentName(Refusal):
    code, kind = "disclosure.bad_document_name", Kind.INVALID
    zh = "文件名不能含有路径、控制字符或系统保留名，且不超过 200 个字符。"
    en = "A document's name holds no path, no control character and no reserved name, and at most 200 characters."


class BadFolder(Refusal):
    code, kind = "disclosure.bad_folder", Kind.INVALID
    zh = "文件夹名只能由 1 至 64 个字母、数字、下划线或连字符组成，且不分层。"
    en = "A folder is one word of 1 to 64 letters, digits, underscores or hyphens; folders do not nest."


class TierNotGranted(Refusal):
    code, kind = "disclosure.tier_not_granted_here", Kind.INVALID
    zh = "所有人只能授予 {allowed} 层级；交易方层级随交易自动开放。"
    en = "An owner grants the tiers {allowed}; the tier of deal parties opens with the deal."


class GrantInThePast(Refusal):
    code, kind = "disclosure.grant_in_the_past", Kind.INVALID
    zh = "授权截止时间须晚于当前市场时间 {market_now}。"
    en = "A grant must end after the market's time, now {market_now}."


class OwnRoom(Refusal):
    code, kind = "disclosure.own_room", Kind.CONFLICT
    zh = "这是您自己组织的资料室。"
    en = "This data room is your own organisation's."


class TooManyQuestions(Refusal):
    code, kind = "disclosure.too_many_open_questions", Kind.CONFLICT
    zh = "您的组织对此事项已有 {open_questions} 个问题待答复；请等待答复。"
    en = "Your organisation has {open_questions} questions about this waiting; wait for their answers."


class TooManyVersions(Refusal):
    code, kind = "disclosure.room_full", Kind.CONFLICT
    zh = "资料室最多容纳 {documents_max} 个文件版本。"
    en = "A data room holds at most {documents_max} versions of documents."
