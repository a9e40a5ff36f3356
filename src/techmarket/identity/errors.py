"""How identity says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class BadKey(Refusal):
    """Unknown, wrong, expired and revoked keys look the same to whoever holds them."""

    code, kind = "identity.bad_key", Kind.UNAUTHENTICATED
    zh = "接口密钥或令牌无效、已过期或已被吊销。"
    en = "This key or token is not valid, has expired or was revoked."


class NotForMachines(Refusal):
    code, kind = "identity.role_not_for_machines", Kind.INVALID
    zh = "程序不能担任角色 {roles}；可以担任：{possible}。"
    en = "A program does not take the roles {roles}; it may take: {possible}."


class ClientIsRevoked(Refusal):
    code, kind = "identity.client_revoked", Kind.CONFLICT
    zh = "此客户端已被吊销；请注册新的客户端。"
    en = "This client was revoked; register another."


class KeyEnded(Refusal):
    code, kind = "identity.key_ended", Kind.CONFLICT
    zh = "此密钥已过期或已被吊销，不能轮换；请签发新的密钥。"
    en = "This key has expired or was revoked and is not rotated; issue another."


class KeyRotatedAlready(Refusal):
    code, kind = "identity.key_rotated_already", Kind.CONFLICT
    zh = "此密钥已经轮换过；请轮换它的后继密钥。"
    en = "This key was rotated already; rotate its successor."


class ExpiryNotAhead(Refusal):
    code, kind = "identity.expiry_not_ahead", Kind.INVALID
    zh = "到期时间必须晚于现在（{now}）。"
    en = "The time of expiry must lie ahead; it is now {now}."


class OrganisationSuspended(Refusal):
    code, kind = "identity.organisation_suspended", Kind.NOT_ALLOWED
    zh = "您的组织已被市场暂停；请联系市场运营方。"
    en = "Your organisation is suspended; contact the market's operator."


class MarketStays(Refusal):
    code, kind = "identity.market_stays", Kind.CONFLICT
    zh = "市场自身的组织不能暂停；否则无人可以恢复。可以吊销个人的密钥。"
    en = "The market's own organisation is not suspended: nobody could undo it. Revoke a person's keys instead."


class UsccMalformed(Refusal):
    code, kind = "identity.uscc_malformed", Kind.INVALID
    zh = "统一社会信用代码应为 18 位，仅含数字和大写字母（不含 I、O、S、V、Z）。"
    en = "A unified social credit code has 18 digits or capital letters (without I, O, S, V, Z)."


class UsccTaken(Refusal):
    code, kind = "identity.uscc_taken", Kind.CONFLICT
    zh = "此统一社会信用代码已注册；请联系该组织的管理员加入。"
    en = "An organisation with this code is registered already; ask its administrator to add you."


class RoleNotYours(Refusal):
    code, kind = "identity.role_not_yours_to_give", Kind.NOT_ALLOWED
    zh = "此类组织不能授予角色 {roles}。"
    en = "An organisation of this kind cannot give the roles {roles}."


class KindNotOpen(Refusal):
    code, kind = "identity.kind_not_open", Kind.NOT_ALLOWED
    zh = "此类组织不能自行注册；可自行注册：{open_kinds}。"
    en = "Organisations of this kind do not register themselves; open are: {open_kinds}."


class OrganisationNotVerified(Refusal):
    code, kind = "identity.other_not_verified", Kind.CONFLICT
    zh = "该组织尚未通过核验。"
    en = "That organisation is not verified."


class NotAMember(Refusal):
    code, kind = "identity.not_a_member", Kind.INVALID
    zh = "此人不属于该组织。"
    en = "This person does not belong to that organisation."
