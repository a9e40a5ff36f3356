"""How hub says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class ExternalIdMissing(Refusal):
    code, kind = "hub.external_id_missing", Kind.INVALID
    zh = "每行必须有 external_id，重复导入才能识别。"
    en = "Each row needs an external_id, by which it is recognised when it comes again."


class ExternalIdTwice(Refusal):
    code, kind = "hub.external_id_twice", Kind.INVALID
    zh = "同一 external_id 在文件中出现多次且内容不同。"
    en = "This external_id stands in the file more than once, with different content."


class RowUnreadable(Refusal):
    code, kind = "hub.row_unreadable", Kind.INVALID
    zh = "此行在来源处已无法读取。"
    en = "This row could not be read at its source."


class NotAnObject(Refusal):
    code, kind = "hub.not_an_object", Kind.INVALID
    zh = "每行必须是一个 JSON 对象。"
    en = "Each line must be one JSON object."


class RowInvalid(Refusal):
    code, kind = "hub.row_invalid", Kind.INVALID
    zh = "此行不符合要求。"
    en = "This row does not fit."


class TooManyRows(Refusal):
    code, kind = "hub.too_many_rows", Kind.TOO_LARGE
    zh = "一次最多导入 {rows_max} 行；请分批发送。"
    en = "At most {rows_max} rows are imported in one request; send them in parts."


class NoRows(Refusal):
    code, kind = "hub.no_rows", Kind.INVALID
    zh = "文件中没有数据行。"
    en = "There is no row in this file."


class LineTooLong(Refusal):
    code, kind = "hub.line_too_long", Kind.INVALID
    zh = "此行超过 {bytes_max} 字节。"
    en = "This line is longer than {bytes_max} bytes."


class SheetUnreadable(Refusal):
    code, kind = "hub.sheet_unreadable", Kind.INVALID
    zh = "无法读取此表格；请发送 UTF-8 或 GB 18030 的 CSV，或未加密的 xlsx。"
    en = "This table cannot be read; send CSV in UTF-8 or GB 18030, or an xlsx without a password."


class SheetTooLarge(Refusal):
    code, kind = "hub.sheet_too_large", Kind.TOO_LARGE
    zh = "此表格解压后超过 {bytes_max} 字节；请分批发送。"
    en = "This table unpacks to more than {bytes_max} bytes; send it in parts."


class SheetTooLong(Refusal):
    code, kind = "hub.sheet_too_long", Kind.TOO_LARGE
    zh = "此表格的行号超过 {lines_max}；请删除空行，或分批发送。"
    en = "The rows of this table go beyond line {lines_max}; take the empty ones out, or send it in parts."


class SheetTooSlow(Refusal):
    code, kind = "hub.sheet_too_slow", Kind.TOO_LARGE
    zh = "此表格在 {seconds} 秒内未能读完；请分批发送，或改用 CSV。"
    en = "This table could not be read within {seconds} seconds; send it in parts, or as CSV."


class SheetHeaderMissing(Refusal):
    code, kind = "hub.sheet_header_missing", Kind.INVALID
    zh = "第一行须为列名，其中须有 external_id（编号），最多 {columns_max} 列。"
    en = "The first line names the columns, external_id among them, at most {columns_max}."


class SheetColumnTwice(Refusal):
    code, kind = "hub.sheet_column_twice", Kind.INVALID
    zh = "列 {column} 出现了两次。"
    en = "The column {column} stands there twice."


class SheetRowUnreadable(Refusal):
    code, kind = "hub.sheet_row_unreadable", Kind.INVALID
    zh = "此行的单元格多于列名（{columns} 列）；含逗号的内容须加引号。"
    en = "This row has more cells than the header's {columns}; put text with commas into quotes."


class CursorOfAnotherLog(Refusal):
    """The database was restored from a backup: what came after it is not in this log, so the cursor leads nowhere.

    Also where the log was kept and has lost its end: a cursor that nobody was given would wait for what never comes.
    """

    code, kind = "hub.cursor_of_another_log", Kind.CONFLICT
    zh = "此游标不属于现在的日志：它出自恢复备份之前的日志 {log_id}，或指向日志中尚不存在的位置；请从头重新读取。"
    en = (
        "This cursor is not of the log as it is now: it is of the log {log_id} from before a restore, or of entries "
        "that are not there. Read anew from the start."
    )


class UnknownChangeType(Refusal):
    code, kind = "hub.unknown_change_type", Kind.INVALID
    zh = "没有名为 {type} 的变更类型；全部类型见文档。"
    en = "There is no type of change named {type}; the documentation lists all."


class UrlNotAllowed(Refusal):
    code, kind = "hub.url_not_allowed", Kind.INVALID
    zh = "推送地址须为 https，主机为公网域名或公网地址，且不含用户名、口令或片段。"
    en = "A webhook goes to https, at a public name or address, without user, password or fragment."


class PingsWaiting(Refusal):
    code, kind = "hub.pings_waiting", Kind.CONFLICT
    zh = "此订阅已有 {pings_max} 条测试消息待发送；请等它们有结果。"
    en = "As many as {pings_max} pings of this webhook wait to be sent already; see first what becomes of them."


class WebhooksTooMany(Refusal):
    code, kind = "hub.webhooks_too_many", Kind.CONFLICT
    zh = "一个组织最多有 {webhooks_max} 个推送订阅；请先结束不用的。"
    en = "An organisation has at most {webhooks_max} webhooks; end one that is not used."


class ReplayTooLong(Refusal):
    code, kind = "hub.replay_too_long", Kind.INVALID
    zh = "重发的起点须早于终点，且一次最多 {days_max} 天。"
    en = "A replay starts before it ends, and spans at most {days_max} days."


class NotAReleasePackage(Refusal):
    code, kind = "hub.not_a_release_package", Kind.INVALID
    zh = "须为 OCDS 1.1 发布包：releases 至少一条，每条有 ocid、id、date、tag、initiationType。"
    en = "An OCDS 1.1 release package is wanted: releases, each with ocid, id, date, tag and initiationType."


class ReleaseChanged(Refusal):
    code, kind = "hub.release_changed", Kind.CONFLICT
    zh = "发布 {release_id} 已存在且内容不同；按标准，内容变更须用新的 id。"
    en = "The release {release_id} is here with other content; by the standard, other content has another id."


class ProcessTooLarge(Refusal):
    code, kind = "hub.process_too_large", Kind.TOO_LARGE
    zh = "流程 {ocid} 的发布至多保存 {releases_max} 条、{bytes_max} 字节；本包未保存。"
    en = (
        "At most {releases_max} releases and {bytes_max} bytes are kept of the process {ocid}; nothing of this is kept."
    )


class NodeCodeTaken(Refusal):
    code, kind = "hub.node_code_taken", Kind.CONFLICT
    zh = "节点代码 {node_code} 已属另一节点（已终止的节点保留其代码），或该组织已是节点。"
    en = "The node code {node_code} is another's (one that has ended keeps its own), or this organisation is a node."


class RegionTaken(Refusal):
    code, kind = "hub.region_taken", Kind.CONFLICT
    zh = "行政区划 {region} 已由另一节点负责。"
    en = "Another node looks after the region {region}."


class CannotBeNode(Refusal):
    code, kind = "hub.cannot_be_node", Kind.CONFLICT
    zh = "市场本身和节点不能归属于节点；节点不能由市场自己担任。"
    en = "The market itself is no node, and neither it nor a node belongs to one."


class NodeEnded(Refusal):
    code, kind = "hub.node_ended", Kind.CONFLICT
    zh = "该节点已终止。"
    en = "This node has ended."


class NothingToPayOut(Refusal):
    code, kind = "hub.nothing_to_pay_out", Kind.CONFLICT
    zh = "目前没有应付给该节点的分润。"
    en = "Nothing is owed to this node now."


class OrganisationOfRowUnknown(Refusal):
    code, kind = "hub.organisation_of_row_unknown", Kind.INVALID
    zh = "此来源没有编号为 {theirs} 的单位；请先导入单位。"
    en = "This source has no organisation with the id {theirs}; import the organisations first."


class OrganisationOfRowChanged(Refusal):
    code, kind = "hub.organisation_of_row_changed", Kind.CONFLICT
    zh = "此行先前属于另一单位；请用新的 external_id。"
    en = "This row was another organisation's before; give it a new external_id."


class RegionMissing(Refusal):
    code, kind = "hub.region_missing", Kind.INVALID
    zh = "节点导入的单位须填写所在行政区划（region），费用分成据此归属。"
    en = "A node says where the organisations lie that it brings (region): shares of fees go by it."


class RegionOfAnotherNode(Refusal):
    """Said of a row: its organisation is brought by the node that looks after its region, or by the market."""

    code, kind = "hub.region_of_another_node", Kind.NOT_ALLOWED
    zh = "行政区划 {region} 由另一节点负责；请由该节点或市场导入，或由该单位自行注册（自动归属该节点）。"
    en = (
        "Another node looks after the region {region}: let that node or the market bring this organisation, or let it "
        "register itself; it belongs to that node then."
    )


class OrganisationVerifiedAlready(Refusal):
    code, kind = "hub.organisation_verified_already", Kind.CONFLICT
    zh = "该单位已通过核验，登记内容不再随导入改变。"
    en = "This organisation was verified; what is registered of it no longer follows an import."


class ImportBroken(Refusal):
    code, kind = "hub.import_broken", Kind.CONFLICT
    zh = "导入多次在同一处中断；已完成的行保持不变，请联系市场。"
    en = "The import broke off at the same place again and again; what was done stands. Please tell the market."


class ImporterGone(Refusal):
    code, kind = "hub.importer_gone", Kind.NOT_ALLOWED
    zh = "提交导入的人已不再代表该组织。"
    en = "Whoever sent this import no longer acts for his organisation."


class ImportsTooMany(Refusal):
    code, kind = "hub.imports_too_many", Kind.CONFLICT
    zh = "一个组织同时最多有 {open_max} 个导入在进行；请等其中之一结束。"
    en = "An organisation has at most {open_max} imports under way; wait until one of them has ended."


class SourceNotAllowed(Refusal):
    code, kind = "hub.source_not_allowed", Kind.INVALID
    zh = "来源地址须为 https，主机为公网域名或公网地址，不含路径参数、用户名、口令或片段。"
    en = "A source is at https, at a public name or address, without query, user, password or fragment."


class SourceNotReached(Refusal):
    code, kind = "hub.source_not_reached", Kind.CONFLICT
    zh = "无法从该来源读取（{why}）；请检查地址与密钥。"
    en = "This source could not be read ({why}); look at its address and the key."


class SourceFollowed(Refusal):
    code, kind = "hub.source_followed", Kind.CONFLICT
    zh = "此来源已在同步。"
    en = "This source is followed already."


class RecoveryOpen(Refusal):
    code, kind = "hub.recovery_open", Kind.CONFLICT
    zh = "该组织已有一项进行中的管理员恢复申请（{recovery_id}）。"
    en = "A recovery of this organisation's administrator is under way already ({recovery_id})."


class RecoveryStillWaits(Refusal):
    code, kind = "hub.recovery_still_waits", Kind.CONFLICT
    zh = "异议期至 {until} 止；期满无异议后方可发出邀请。"
    en = "The organisation may object until {until}; after that, and if it does not, the invitation goes out."


class RecoveryNotYours(Refusal):
    code, kind = "hub.recovery_not_yours", Kind.NOT_ALLOWED
    zh = "邀请码分为两部分，仅由提出人与同意人各领取一次；您无可领取的部分。"
    en = "The invitation is in two parts, for whoever proposed it and whoever agreed, once each; none is left for you."


class NoVoiceInRecovery(Refusal):
    code, kind = "hub.no_voice_in_recovery", Kind.NOT_ALLOWED
    zh = "仅该组织的管理员或联系人可提出异议；两者皆无时，其任何人员均可。"
    en = "The organisation's administrators and its contact object; where it has neither, anybody of it does."


class NotForMarket(Refusal):
    code, kind = "hub.not_for_the_market", Kind.INVALID
    zh = "市场自身的组织由其管理员自行邀请人员。"
    en = "The market's own organisation invites its people itself."
