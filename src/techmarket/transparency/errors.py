"""How the log says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NotUnderACheckpoint(Refusal):
    code, kind = "transparency.not_under_a_checkpoint", Kind.CONFLICT
    zh = "该条目尚未进入已签名的检查点；请稍后再取证明。"
    en = "The entry is not under a signed checkpoint yet; ask again shortly."


class NoSuchSize(Refusal):
    code, kind = "transparency.no_such_size", Kind.INVALID
    zh = "没有这样大小的日志；现有检查点大小为 {size}，起点须在 1 与终点之间。"
    en = "There is no log of that size; the checkpoint has {size} entries, and `from` lies between 1 and `to`."


class WrongLog(Refusal):
    code, kind = "transparency.other_log", Kind.CONFLICT
    zh = "此游标属于另一份日志；当前日志为 {log_id}，请从头读起。"
    en = "This cursor belongs to another log; the log is now {log_id}. Start again at its beginning."


class NoEntryBundles(Refusal):
    code, kind = "transparency.no_entry_bundles", Kind.NOT_FOUND
    zh = "日志只公开哈希，不公开条目内容；有权查看的人可取得单条记录及其证明（/v1/log/entries/…）。"
    en = "The log publishes hashes, not entries; those concerned fetch theirs with its proof (/v1/log/entries/…)."


class OpeningDoesNotFit(Refusal):
    code, kind = "transparency.opening_does_not_fit", Kind.INVALID
    zh = "盐值与文件哈希算出的摘要不是已登记的摘要 {digest}；请核对原文件与盐值。"
    en = (
        "Salt and document hash do not give the digest that was logged, {digest}; check the original file and its salt."
    )


class AuditTooLong(Refusal):
    code, kind = "transparency.audit_too_long", Kind.TOO_LARGE
    zh = "符合条件的记录超过 {rows_max} 条；请用 since、until 或其他条件缩小范围。"
    en = "More than {rows_max} entries fit; narrow it by since, until or another condition."
