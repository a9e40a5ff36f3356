"""How signing says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class WrongDocument(Refusal):
    code, kind = "signing.wrong_document", Kind.CONFLICT
    zh = "您要签署的文件与当前待签文件不一致；待签文件的 SHA-256 为 {document_sha256}，请重新阅读后再签。"
    en = "This is not the document to sign; read the one with SHA-256 {document_sha256} and sign that."


class NotYourTurn(Refusal):
    code, kind = "signing.not_your_turn", Kind.CONFLICT
    zh = "签署按顺序进行；当前轮到第 {next_position} 位，您是第 {your_position} 位。"
    en = "The signatories sign in order; position {next_position} is next, yours is {your_position}."


class NotASignatory(Refusal):
    code, kind = "signing.not_a_signatory", Kind.NOT_ALLOWED
    zh = "您的组织须由被指名的人员或具有签署角色（SIGNATORY）的人员签署。"
    en = "For your organisation the person named, or one with the role SIGNATORY, must sign."


class SignedAlready(Refusal):
    code, kind = "signing.signed_already", Kind.CONFLICT
    zh = "您或您的组织已经签署过这份文件。"
    en = "You or your organisation have signed this document already."


class SigningNotOpen(Refusal):
    code, kind = "signing.not_open", Kind.CONFLICT
    zh = "此签署当前状态为 {state}，不再接受签名。"
    en = "This signing is {state} and takes no more signatures."


class ProviderSilent(Refusal):
    code, kind = "signing.provider_silent", Kind.BUSY
    zh = "外部服务 {provider} 没有应答；稍后会自动重试。"
    en = "The service {provider} does not answer; it is asked again."


class ProviderUnclear(Refusal):
    code, kind = "signing.provider_unclear", Kind.BUSY
    zh = "外部服务 {provider} 的应答不符合约定。"
    en = "The answer of the service {provider} is not what was agreed with it."


class NoProvider(Refusal):
    code, kind = "signing.no_provider", Kind.CONFLICT
    zh = "本市场没有接入此类外部签署或身份服务。"
    en = "This market is not connected to such a service for signatures or identities."


class IdentityNotVouched(Refusal):
    code, kind = "signing.identity_not_vouched", Kind.INVALID
    zh = "身份凭证不能证明是您本人为这份文件所取得（{check}）；其 nonce 须为文件的 SHA-256。"
    en = "The identity token does not vouch for you and this document ({check}); its nonce is the document's SHA-256."
