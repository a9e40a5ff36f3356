"""How certification says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class SecondPersonNeeded(Refusal):
    code, kind = "certification.second_person_needed", Kind.NOT_ALLOWED
    zh = "鉴证书须由另一名鉴证人员复核；编制人不能批准或驳回自己编制的鉴证书。"
    en = "Another certifier must decide; whoever prepared a certificate cannot approve or reject it."


class CertifierBelongsToParty(Refusal):
    code, kind = "certification.certifier_belongs_to_party", Kind.NOT_ALLOWED
    zh = "鉴证人员不能属于交易任何一方。"
    en = "A certifier belongs to none of the parties of the transaction."


class FactsChanged(Refusal):
    code, kind = "certification.facts_changed", Kind.CONFLICT
    zh = "编制之后交易事实发生了变化（{changed}）；请驳回并重新编制。"
    en = "The facts changed since the certificate was prepared ({changed}); reject it and prepare a new one."


class CertificateExists(Refusal):
    code, kind = "certification.certificate_exists", Kind.CONFLICT
    zh = "此合同已有处于 {state} 状态的鉴证书。"
    en = "This contract has a certificate already, in the state {state}."


class NothingToReplace(Refusal):
    code, kind = "certification.nothing_to_replace", Kind.CONFLICT
    zh = "只有有效或中止的鉴证书可以更正或换发；此证处于 {state} 状态。"
    en = "Only a certificate that stands or is suspended can be replaced; this one is {state}."


class PaperUnreadable(Refusal):
    code, kind = "certification.paper_unreadable", Kind.INVALID
    zh = "文件无法在限定的时间和内存内读取。"
    en = "The file cannot be read within the time and memory it is given."


class MoneyHeld(Refusal):
    code, kind = "certification.money_held", Kind.CONFLICT
    zh = "此合同的款项处于暂缓划付状态，不能鉴证。"
    en = "Money of this contract is held back; it is not certified meanwhile."


class ReasonsMissing(Refusal):
    code, kind = "certification.reasons_missing", Kind.INVALID
    zh = "须写明理由。"
    en = "Reasons must be given."
