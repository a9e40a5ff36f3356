"""How disclosure says no. What may not be known is simply not found."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal

# --- documents ------------------------------------------------------------------------------------------------------


class BadDocumentName(Refusal):
    code, kind = "disclosure.bad_document_name", Kind.INVALID
    zh = "文件名不能含有路径、控制字符或系统保留名，且不超过 200 个字符。"
    en = "A document's name holds no path, no control character and no reserved name, and at most 200 characters."


class BadFolder(Refusal):
    code, kind = "disclosure.bad_folder", Kind.INVALID
    zh = "文件夹名只能由 1 至 64 个字母、数字、下划线或连字符组成，且不分层。"
    en = "A folder is one word of 1 to 64 letters, digits, underscores or hyphens; folders do not nest."


class TooManyVersions(Refusal):
    code, kind = "disclosure.room_full", Kind.CONFLICT
    zh = "资料室最多容纳 {documents_max} 个文件版本。"
    en = "A data room holds at most {documents_max} versions of documents."


class TooManyBytes(Refusal):
    code, kind = "disclosure.room_bytes_full", Kind.CONFLICT
    zh = "资料室最多容纳 {bytes_max} 字节，尚余 {left} 字节。"
    en = "A data room holds at most {bytes_max} bytes, and {left} of them are left."


class TooManyFolders(Refusal):
    code, kind = "disclosure.too_many_folders", Kind.CONFLICT
    zh = "资料室最多容纳 {folders_max} 个文件夹。"
    en = "A data room holds at most {folders_max} folders."


class SameDocument(Refusal):
    code, kind = "disclosure.same_document", Kind.CONFLICT
    zh = "内容与此名称下的最新版本（第 {version} 版）完全相同，未新增版本。"
    en = "These bytes are already version {version}, the latest under this name; nothing was added."


class DocumentBroken(Refusal):
    code, kind = "disclosure.document_broken", Kind.INVALID
    zh = "无法打开此文件：内容损坏，或其格式不能被识别。请用其他软件重新导出后再上传。"
    en = "This file cannot be opened: it is damaged, or of a form that is not known. Export it anew and send that."


class DocumentEncrypted(Refusal):
    code, kind = "disclosure.document_encrypted", Kind.INVALID
    zh = "文件已加密或设有密码，无法加盖水印。请去除密码后上传。"
    en = "The file is encrypted or asks for a password, so it cannot be stamped. Remove that and send it again."


class DocumentTooLong(Refusal):
    code, kind = "disclosure.document_too_long", Kind.INVALID
    zh = "文件共 {pages} 页，可加盖水印的文件最多 {pages_max} 页。请拆分，或明确同意不加水印（unmarked=true）。"
    en = (
        "The file has {pages} pages; what is to be stamped has at most {pages_max}. Split it, or agree expressly that"
        " its copies carry no stamp (unmarked=true)."
    )


class DocumentTooHeavy(Refusal):
    code, kind = "disclosure.document_too_heavy", Kind.INVALID
    zh = "打开此文件所需的内存或时间过多，无法加盖水印。请重新导出或拆分，或明确同意不加水印（unmarked=true）。"
    en = (
        "Opening this file takes too much memory or time, so it cannot be stamped. Export it anew or split it, or agree"
        " expressly that its copies carry no stamp (unmarked=true)."
    )


class PictureTooLarge(Refusal):
    code, kind = "disclosure.picture_too_large", Kind.INVALID
    zh = "图片像素过多；可加盖水印的图片最多 {pixels_max} 像素。请缩小，或明确同意不加水印（unmarked=true）。"
    en = (
        "The picture has too many pixels; what is to be stamped has at most {pixels_max}. Make it smaller, or agree"
        " expressly that its copies carry no stamp (unmarked=true)."
    )


class NotMarkable(Refusal):
    code, kind = "disclosure.not_markable", Kind.INVALID
    zh = "此类型的文件（{media_type}）无法加盖水印。请改用 PDF，或明确同意不加水印（unmarked=true）。"
    en = (
        "Copies of this type ({media_type}) cannot be stamped. Send a PDF, or agree expressly that its copies carry no"
        " stamp (unmarked=true)."
    )


class StampingBusy(Refusal):
    code, kind = "disclosure.stamping_busy", Kind.BUSY
    zh = "等待加盖水印的文件过多；请稍后再试。"
    en = "Too many copies wait to be stamped; try again shortly."


# --- grants ---------------------------------------------------------------------------------------------------------


class TierNotGranted(Refusal):
    code, kind = "disclosure.tier_not_granted_here", Kind.INVALID
    zh = "所有人只能授予 {allowed} 层级；交易方层级随交易自动开放。"
    en = "An owner grants the tiers {allowed}; the tier of deal parties opens with the deal."


class PaperNeeded(Refusal):
    code, kind = "disclosure.paper_needed", Kind.CONFLICT
    zh = (
        "保密层级只随保密协议开放：请对方签署 {subject} 的保密协议文本；如已有纸质协议，"
        "请先将扫描件上传至此资料室，再以 paper 指明该文件并声明其真实。"
    )
    en = (
        "What is under an agreement opens by one: let the other side sign the text of {subject}; where there is an"
        " agreement on paper, upload its scan to this room and name it as `paper`, attesting that it is genuine."
    )


class PaperUnfit(Refusal):
    code, kind = "disclosure.paper_unfit", Kind.INVALID
    zh = "纸质协议须为此资料室中未撤回的 PDF 或图片，签署日期不得晚于当前市场日期 {today}。"
    en = "An agreement on paper is a PDF or picture in this room, not withdrawn, and signed on {today} or earlier."


class NoSuchFolder(Refusal):
    code, kind = "disclosure.no_such_folder", Kind.INVALID
    zh = "资料室中没有文件夹 {folder}。"
    en = "There is no folder {folder} in this room."


class NothingAskedFor(Refusal):
    code, kind = "disclosure.nothing_asked_for", Kind.INVALID
    zh = "请指明申请或授予的层级、文件夹或文件，至少一项。"
    en = "Name what it is about: a tier, folders or documents, at least one of them."


class AccessOpen(Refusal):
    code, kind = "disclosure.access_open", Kind.CONFLICT
    zh = "您的组织在此资料室已可查阅 {reach} 层级。"
    en = "Your organisation reaches the tier {reach} in this room already."


class RequestWaits(Refusal):
    code, kind = "disclosure.request_waits", Kind.CONFLICT
    zh = "您的组织对此资料室已有一项申请（{request}）待决；请等待答复或先撤回。"
    en = "Your organisation has a request for this room waiting ({request}); wait for the answer, or withdraw it first."


class RequestLapsed(Refusal):
    code, kind = "disclosure.request_lapsed", Kind.CONFLICT
    zh = "此申请所求的期限已于 {until} 届满；对方可重新申请。"
    en = "The time this request was for was over at {until}; the other side may ask again."


class NotYoursToClose(Refusal):
    code, kind = "disclosure.not_yours_to_close", Kind.CONFLICT
    zh = "此授权因 {basis} 而开放，随其结束；由保密协议开放的，请撤销该协议。"
    en = "This grant stands because of {basis} and ends with that; what an agreement opened is closed by revoking it."


class GrantInThePast(Refusal):
    code, kind = "disclosure.grant_in_the_past", Kind.INVALID
    zh = "截止时间须晚于当前市场时间 {market_now}。"
    en = "It must end after the market's time, now {market_now}."


class OwnRoom(Refusal):
    code, kind = "disclosure.own_room", Kind.CONFLICT
    zh = "这是您自己组织的资料室。"
    en = "This data room is your own organisation's."


# --- non-disclosure agreements --------------------------------------------------------------------------------------


class NdaNeeded(Refusal):
    code, kind = "disclosure.nda_needed", Kind.CONFLICT
    zh = "查阅此内容须先签署保密协议；请阅读 {subject} 的保密协议文本，由具有签署角色（SIGNATORY）的人员签署。"
    en = "This takes a signed non-disclosure agreement: read the text of {subject} and let a SIGNATORY sign it."


class NoNdaText(Refusal):
    code, kind = "disclosure.no_nda_text", Kind.CONFLICT
    zh = "所有人未就此事项发布保密协议文本；请联系所有人开放授权。"
    en = "The owner has published no agreement for this subject; ask the owner for a grant instead."


class NdaRuns(Refusal):
    code, kind = "disclosure.nda_runs", Kind.CONFLICT
    zh = "您的组织已签署此文本，状态为 {state}，有效至 {until}。"
    en = "Your organisation has signed this text already; it is {state}, until {until}."


class NdaTextOutdated(Refusal):
    code, kind = "disclosure.nda_text_outdated", Kind.CONFLICT
    zh = "协议文本已更新；对方须签署新文本（SHA-256：{text_sha256}）。"
    en = "The text has changed since; the other side must sign the new one (SHA-256 {text_sha256})."


class NdaTextUnchanged(Refusal):
    code, kind = "disclosure.nda_text_unchanged", Kind.CONFLICT
    zh = "文本与现行版本（第 {version} 版）相同。"
    en = "This is what version {version} says already."


class NdaTextBound(Refusal):
    code, kind = "disclosure.nda_text_bound", Kind.CONFLICT
    zh = "此文本已定于 {binds_from} 起取代旧文本，不能再改。"
    en = "This text replaces the earlier ones from {binds_from}; that is said once."


class NdaTextPassed(Refusal):
    code, kind = "disclosure.nda_text_passed", Kind.CONFLICT
    zh = "已有更新的版本（第 {version} 版）；只有最新版本可以取代旧文本。"
    en = "There is a newer version ({version}); only the newest can replace the earlier ones."


# --- questions -----------------------------------------------------------------------------------------


class TooManyQuestions(Refusal):
    code, kind = "disclosure.too_many_open_questions", Kind.CONFLICT
    zh = "您的组织对此事项已有 {open_questions} 个问题待答复；请等待答复。"
    en = "Your organisation has {open_questions} questions about this waiting; wait for their answers."
