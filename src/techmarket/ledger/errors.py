"""How the ledger says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class Insufficient(Refusal):
    code, kind = "ledger.insufficient", Kind.CONFLICT
    zh = "账户可用余额不足：可用 {available}，需要 {needed}（已冻结的金额不可动用）。"
    en = "The account has too little: {available} is available, {needed} is needed (held money is not available)."


class HoldTooSmall(Refusal):
    code, kind = "ledger.hold_too_small", Kind.CONFLICT
    zh = "冻结金额为 {held}，不能划转 {wanted}。"
    en = "Only {held} is held; {wanted} cannot be posted from it."


class ReversedAlready(Refusal):
    code, kind = "ledger.reversed_already", Kind.CONFLICT
    zh = "此笔划转已经冲正。"
    en = "This transfer has been reversed already."


class PeriodReversed(Refusal):
    code, kind = "ledger.period_reversed", Kind.INVALID
    zh = "起始日 {first} 晚于截止日 {last}。"
    en = "The first day, {first}, lies after the last, {last}."
