"""How the edge itself says no, before any room has seen the request."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class RequestInvalid(Refusal):
    code, kind = "request.invalid", Kind.INVALID
    zh = "请求有 {count} 处不符合要求；每一处的位置和原因见 errors。"
    en = "The request does not fit in {count} place(s); errors names each place and the reason."


class Unstorable(Refusal):
    code, kind = "request.unstorable", Kind.INVALID
    zh = "请求中有一个值无法存储（文字含有不允许的字符，或数字超出范围）。"
    en = "The request holds a value that cannot be stored (a forbidden character, or a number out of range)."


class MalformedRequest(Refusal):
    code, kind = "request.malformed", Kind.BAD_REQUEST
    zh = "请求正文无法读取。"
    en = "The request body cannot be read."


class RequestRefused(Refusal):
    code, kind = "request.refused", Kind.BAD_REQUEST
    zh = "请求被拒绝。"
    en = "The request was refused."


class WrongMethod(Refusal):
    code, kind = "request.wrong_method", Kind.WRONG_METHOD
    zh = "此地址不支持该方法；支持：{allowed}。"
    en = "This address does not take that method; it takes: {allowed}."


class BadTarget(Refusal):
    code, kind = "request.bad_target", Kind.BAD_REQUEST
    zh = "请求地址含有不允许的字节，或超过 {bytes_max} 字节；请使用百分号编码的 UTF-8。"
    en = "The address holds forbidden bytes or is longer than {bytes_max} bytes; use percent-encoded UTF-8."


class BadHeader(Refusal):
    code, kind = "request.bad_header", Kind.BAD_REQUEST
    zh = "请求头 {header} 重复出现，或含有控制字符。"
    en = "The header {header} is repeated or holds a control character."


class HeadersTooLarge(Refusal):
    code, kind = "request.headers_too_large", Kind.HEADERS_TOO_LARGE
    zh = "请求头总长超过 {bytes_max} 字节。"
    en = "The headers are longer than {bytes_max} bytes altogether."


class TooManyRequests(Refusal):
    code, kind = "request.too_many", Kind.TOO_MANY
    zh = "此类请求每 {seconds} 秒限 {quota} 次；请在 Retry-After 所示秒数后重试。"
    en = "There are {quota} requests of this class in {seconds} seconds."


class TooLarge(Refusal):
    code, kind = "request.too_large", Kind.TOO_LARGE
    zh = "请求正文超过 {bytes_max} 字节。"
    en = "The request body is longer than {bytes_max} bytes."


class TooSlow(Refusal):
    code, kind = "request.too_slow", Kind.TOO_SLOW
    zh = "请求正文没有在规定时间内到达，连接已关闭；请重新发送。"
    en = "The request body did not arrive in time and the connection is closed; send it again."


class BrokenOff(Refusal):
    """Not kept under the idempotency key: the same key with the whole body is a first try."""

    code, kind = "request.broken_off", Kind.TOO_SLOW
    zh = "请求正文中断，没有保存任何内容；请用同一个 Idempotency-Key 重新发送。"
    en = "The request body broke off and nothing was kept; send it again with the same Idempotency-Key."


class WrongMediaType(Refusal):
    code, kind = "request.wrong_media_type", Kind.WRONG_MEDIA_TYPE
    zh = "此处只接受以下类型的正文：{accepted}（UTF-8，不压缩）。"
    en = "Here a body must be one of: {accepted} (UTF-8, not compressed)."


class MalformedJson(Refusal):
    code, kind = "request.malformed_json", Kind.BAD_REQUEST
    zh = "正文不是有效的 UTF-8 JSON。"
    en = "The body is not valid JSON in UTF-8."


class DuplicateKey(Refusal):
    code, kind = "request.duplicate_key", Kind.BAD_REQUEST
    zh = "同一个 JSON 对象中有重复的键；每个键只能出现一次。"
    en = "A JSON object names the same key twice; each key may appear once."


class NotANumber(Refusal):
    code, kind = "request.not_a_number", Kind.BAD_REQUEST
    zh = "正文含有 NaN、无穷大或超出范围的数字，这些不是 JSON 数字。"
    en = "The body holds NaN, Infinity or a number beyond range; these are not JSON numbers."


class NumberTooLong(Refusal):
    code, kind = "request.number_too_long", Kind.BAD_REQUEST
    zh = "正文含有超过 {digits_max} 位的整数。"
    en = "The body holds an integer of more than {digits_max} digits."


class TooDeep(Refusal):
    code, kind = "request.too_deep", Kind.BAD_REQUEST
    zh = "JSON 嵌套超过 {depth_max} 层。"
    en = "The JSON is nested deeper than {depth_max} levels."


class TooManyParts(Refusal):
    code, kind = "request.too_many_parts", Kind.BAD_REQUEST
    zh = "JSON 中的对象和数组超过 {parts_max} 个；请分批发送。"
    en = "The JSON holds more than {parts_max} objects and arrays; send it in several requests."


class BadText(Refusal):
    code, kind = "request.bad_text", Kind.BAD_REQUEST
    zh = "正文的文字或键含有空字符，或不成对的代理字符。"
    en = "A text or key in the body holds a NUL or a lone surrogate."


class SameMoment(Refusal):
    code, kind = "request.same_moment", Kind.CONFLICT
    zh = "同一时刻有人做了同样的事；请重新读取后再决定。"
    en = "Somebody did the same at the same moment; read again, then decide."


class MarketBusy(Refusal):
    code, kind = "market.busy", Kind.BUSY
    zh = "系统暂时繁忙，请在 Retry-After 所示秒数后用同一个 Idempotency-Key 重试。"
    en = "The market is busy for a moment; retry after the seconds in Retry-After with the same Idempotency-Key."


class NotReady(Refusal):
    code, kind = "market.not_ready", Kind.BUSY
    zh = "本进程尚未就绪：{missing}。"
    en = "This process is not ready: {missing}."


class WatchersFull(Refusal):
    code, kind = "market.watchers_full", Kind.BUSY
    zh = "本进程的实时行情连接已满（{watchers_max} 个）；请在 Retry-After 所示秒数后重连。"
    en = "This process has all {watchers_max} watchers it can take."


class TooManyStreams(Refusal):
    code, kind = "request.too_many_streams", Kind.TOO_MANY
    zh = "您的组织或网络地址已有 {streams_max} 个实时行情连接；请先关闭一个。"
    en = "Your organisation or address holds {streams_max} streams already; close one first."
