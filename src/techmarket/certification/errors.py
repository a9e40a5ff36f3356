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


class ReasonsMissing(Refusal):
    code, kind = "certification.reasons_missing", Kind.INVALID
    zh = "须写明理由。"
    en = "Reasons must be given."
