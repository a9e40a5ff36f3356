"""How the workbench says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class UnknownWorkKind(Refusal):
    code, kind = "workbench.unknown_kind", Kind.INVALID
    zh = "没有名为 {name} 的待办类型。"
    en = "There is no kind of work named {name}."


class UnknownNotificationKind(Refusal):
    code, kind = "workbench.unknown_notification_kind", Kind.INVALID
    zh = "没有名为 {name} 的通知类型；可用的类型见通知偏好页。"
    en = "There is no kind of notification named {name}; the preferences list all."


class MarkUnclear(Refusal):
    code, kind = "workbench.mark_unclear", Kind.INVALID
    zh = "请给出 ids 或 until 之一。"
    en = "Name either ids or until."


class NoMailHere(Refusal):
    code, kind = "workbench.no_mail", Kind.CONFLICT
    zh = "本市场没有配置邮件服务器；通知只在收件箱与推送中。"
    en = "This market has no mail server; notifications are in the inbox and in webhooks alone."


class TooManyCodes(Refusal):
    code, kind = "workbench.too_many_codes", Kind.TOO_MANY
    zh = "一天内最多发送 {most} 个确认码；请稍后再试。"
    en = "At most {most} codes are sent a day; try again later."
