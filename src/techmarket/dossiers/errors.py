"""How dossiers say no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NothingProvableYet(Refusal):
    code, kind = "dossiers.nothing_provable_yet", Kind.CONFLICT
    zh = "相关记录尚未进入已签名的检查点；请稍后再取证据包。"
    en = "None of the entries is under a signed checkpoint yet; ask again shortly."


class GivenWithoutText(Refusal):
    code, kind = "dossiers.given_without_text", Kind.CONFLICT
    zh = "此同意作出时尚无签署文本，没有可证明的内容。如需证明，请就同一范围重新征求同意并签署。"
    en = "This consent is older than signed consents; there is no text to prove. Ask for it anew and have it signed."
