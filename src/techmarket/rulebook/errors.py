"""How the rulebook says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NoRuleInForce(Refusal):
    code, kind = "rulebook.no_rule_in_force", Kind.CONFLICT
    zh = "规则库中没有在 {on} 有效的规则“{key}”；请运营方先录入该规则。"
    en = "The rulebook holds no rule “{key}” in force on {on}; the operator must enter one first."


class SecondOperatorNeeded(Refusal):
    code, kind = "rulebook.second_operator_needed", Kind.NOT_ALLOWED
    zh = "您已提出此规则；须由另一名运营人员录入同样的内容后才生效。"
    en = "You have proposed this row; another operator has to enter the same one before it holds."


class BaseNeeded(Refusal):
    code, kind = "rulebook.base_needed", Kind.CONFLICT
    zh = "规则“{key}”有多个基数（{bases}），必须指明其中之一。"
    en = "The rule “{key}” has several bases ({bases}); one of them must be named."


class UnknownKey(Refusal):
    code, kind = "rulebook.unknown_key", Kind.INVALID
    zh = "规则库不使用“{key}”这一规则键；可用的键见 GET /v1/rules。"
    en = "Nothing reads a rule called “{key}”; GET /v1/rules lists the keys in use."


class JurisdictionMalformed(Refusal):
    code, kind = "rulebook.jurisdiction_malformed", Kind.INVALID
    zh = "适用地区应为 CN，或 CN- 加行政区划代码的前 2、4 或 6 位，例如 CN-33。"
    en = "A jurisdiction is CN, or CN- and the first 2, 4 or 6 digits of a division code, such as CN-33."


class ScopeMalformed(Refusal):
    code, kind = "rulebook.scope_malformed", Kind.INVALID
    zh = "范围应为 law、market，或 unit: 加组织标识。"
    en = "A scope is law, market, or unit: and the id of an organisation."


class WrongUnit(Refusal):
    code, kind = "rulebook.wrong_unit", Kind.INVALID
    zh = "规则“{key}”的单位应为：{units}。"
    en = "The rule “{key}” is measured in: {units}."


class ValueMalformed(Refusal):
    code, kind = "rulebook.value_malformed", Kind.INVALID
    zh = "数值与单位 {unit} 不符：比例为 0 至 1，标志为 0 或 1，期限为正整数，金额为整数分。"
    en = "The value does not fit the unit {unit}: a ratio is 0 to 1, a flag 0 or 1, a length above 0, money whole fen."


class ValueAboveMost(Refusal):
    code, kind = "rulebook.value_above_most", Kind.INVALID
    zh = "“{key}”不得超过 {most}。"
    en = "“{key}” is at most {most}."


class NotEnforceable(Refusal):
    code, kind = "rulebook.not_enforceable", Kind.INVALID
    zh = "依据为 {evidence} 的规则不能是强制性的。"
    en = "A rule known as {evidence} cannot be mandatory."


class NotLaw(Refusal):
    code, kind = "rulebook.not_law", Kind.INVALID
    zh = "依据为 {evidence} 的规则不是法律，范围应为 market 或 unit。"
    en = "A rule known as {evidence} is not law; its scope is the market or a unit."


class EndsBeforeItBegins(Refusal):
    code, kind = "rulebook.ends_before_it_begins", Kind.INVALID
    zh = "失效日必须晚于生效日；失效日当天规则已不再有效。"
    en = "A rule ends after the day it begins; it does not hold on its last day any more."


class RulesOverlap(Refusal):
    code, kind = "rulebook.rules_overlap", Kind.CONFLICT
    zh = "已有同一规则在 {effective_from} 起的期间内有效；新规则只能接在其后。"
    en = "The same rule is in force already from {effective_from}; a new one can only follow it."


class SuccessorInThePast(Refusal):
    code, kind = "rulebook.successor_in_the_past", Kind.CONFLICT
    zh = "新规则不能在 {today} 之前终止现行规则：正在进行的项目依其规则日期适用旧规则。"
    en = "A rule in force cannot be ended before {today}: running projects keep the rows of their own rule date."


class BeginsTooSoon(Refusal):
    code, kind = "rulebook.begins_too_soon", Kind.CONFLICT
    zh = "“{key}”属于双人复核限额或收费标准，新规则最早于 {earliest} 生效，以便同事先行看到。"
    en = "“{key}” sets a fee or when two people are needed: a new row begins on {earliest} or later."


class WorkDayTwice(Refusal):
    code, kind = "rulebook.work_day_twice", Kind.INVALID
    zh = "同一天 {day} 出现了两次。"
    en = "The day {day} is given twice."


class WorkDayPassed(Refusal):
    code, kind = "rulebook.work_day_passed", Kind.CONFLICT
    zh = "{day} 已经过去，其是否为工作日不能再更改。"
    en = "{day} has passed; whether it was a working day can no longer be changed."
