"""How notices say no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NotStarted(Refusal):
    code, kind = "notices.not_started", Kind.CONFLICT
    zh = "公示尚未开始，还缺以下场所的发布：{missing_places}。"
    en = "The notice has not started; it still has to be posted in: {missing_places}."


class StillRunning(Refusal):
    code, kind = "notices.still_running", Kind.CONFLICT
    zh = "公示期未满，将于 {ends_at} 届满。"
    en = "The notice is still running; it ends at {ends_at}."


class Paused(Refusal):
    code, kind = "notices.paused", Kind.CONFLICT
    zh = "公示因异议中止，有 {open_objections} 项异议待处理。"
    en = "The notice is paused; {open_objections} objection(s) wait for a decision."


class Upheld(Refusal):
    code, kind = "notices.upheld", Kind.CONFLICT
    zh = "对此公示的异议已成立。"
    en = "An objection to this notice was upheld."


class NoLongerStands(Refusal):
    code, kind = "notices.no_longer_stands", Kind.CONFLICT
    zh = "此公示当前状态为 {state}，不再有效。"
    en = "This notice is {state} and no longer stands."


class Ended(Refusal):
    code, kind = "notices.ended", Kind.CONFLICT
    zh = "公示期已于 {ended_at} 届满，不再受理异议。"
    en = "The notice ended at {ended_at}; objections are no longer taken."


class AlreadyStands(Refusal):
    code, kind = "notices.already_stands", Kind.CONFLICT
    zh = "此事项的同类公示正在进行；请替换或撤回原公示。"
    en = "A notice of this kind stands for this subject already; replace or withdraw it."


class FieldsMissing(Refusal):
    code, kind = "notices.fields_missing", Kind.INVALID
    zh = "公示内容缺少必备事项：{fields}。"
    en = "The notice lacks what its kind must state: {fields}."


class NotAPlaceOfThisNotice(Refusal):
    code, kind = "notices.not_a_place_of_this_notice", Kind.CONFLICT
    zh = "此公示不要求在单位内发布。"
    en = "This notice does not have to be posted in the unit."


class PostedAlready(Refusal):
    code, kind = "notices.posted_already", Kind.CONFLICT
    zh = "此场所的发布已确认。"
    en = "The posting in this place is confirmed already."


class LinesNeeded(Refusal):
    code, kind = "notices.lines_needed", Kind.INVALID
    zh = "对此类公示的异议须指明所涉及的行。"
    en = "An objection to this kind of notice names the lines it is about."


class LinesNotTaken(Refusal):
    code, kind = "notices.lines_not_taken", Kind.INVALID
    zh = "对此类公示的异议针对整个公示，不能只指明其中的行。"
    en = "An objection to this kind of notice is about the whole of it and names no lines."


class UnknownLines(Refusal):
    code, kind = "notices.unknown_lines", Kind.INVALID
    zh = "公示中没有这些行：{lines}。"
    en = "The notice has no such lines: {lines}."


class ObjectionOpen(Refusal):
    code, kind = "notices.objection_open_already", Kind.CONFLICT
    zh = "您对此公示的异议尚未处理完毕。"
    en = "Your objection to this notice still waits for its decision."
