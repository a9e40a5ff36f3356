"""How dossiers say no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NothingProvableYet(Refusal):
    code, kind = "dossiers.nothing_provable_yet", Kind.CONFLICT
    zh = "相关记录尚未进入已签名的检查点；请稍后再取证据包。"
    en = "None of the entries is under a signed checkpoint yet; ask again shortly."
