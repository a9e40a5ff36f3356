"""How dossiers say no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NothingProvableYet(Refusal):
    code, kind = "dossiers.nothing_provable_yet", Kind.CONFLICT
    zh = "相关记录尚未进入已签名的检查点；请稍后再取证据包。"
    en = "None of the entries is under a signed checkpoint yet; ask again shortly."


class TooManyEntries(Refusal):
    code, kind = "dossiers.too_many_entries", Kind.TOO_LARGE
    zh = "相关记录超过 {entries_max} 条；请取其中某一项目或合同的证据包。"
    en = "More than {entries_max} entries belong to it; take the package of one of its trades or contracts."
