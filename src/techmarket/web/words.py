"""What the codes of a live trade are called on a page, in Chinese and English."""

from __future__ import annotations

_WORDS: dict[str, tuple[str, str]] = {
    "WAITING": ("等待开始", "Not begun"),
    "OPEN": ("竞价中", "Bidding"),
    "PAUSED": ("已暂停", "Paused"),
    "EVALUATING": ("评定中", "Being decided"),
    "AWARDED": ("已确定受让方", "Awarded"),
    "CONCLUDED": ("已成交", "Concluded"),
    "UNSOLD": ("未成交", "Unsold"),
    "TERMINATED": ("已终结", "Terminated"),
    "SYSTEM_FAULT": ("系统故障", "System fault"),
    "NETWORK_FAULT": ("网络故障", "Network fault"),
    "FORCE_MAJEURE": ("不可抗力", "Force majeure"),
    "RIGHTS_IN_DISPUTE": ("权属争议", "Rights in dispute"),
    "OBJECTION": ("异议", "Objection"),
    "AUTHORITY_ORDER": ("主管机关要求", "Order of an authority"),
    "SUSPECTED_COLLUSION": ("涉嫌串通", "Suspected collusion"),
    "OTHER": ("其他原因", "Other reason"),
    "resumes_at": ("最早恢复时间", "goes on at"),
    "days": ("天", "d"),
    "live": ("实时更新中。", "Kept up to date as it happens."),
    "lost": ("连接中断，正在重新连接。", "The line is lost; trying again."),
    "end": ("全部标的均已结束。", "Every lot has found its end."),
}


def words_of(language: str) -> dict[str, str]:
    n = 0 if language.startswith("zh") else 1
    return {code: said[n] for code, said in _WORDS.items()}
