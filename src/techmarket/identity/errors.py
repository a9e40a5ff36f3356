"""How identity says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class BadKey(Refusal):
    """Unknown, wrong, expired and revoked keys look the same to whoever holds them."""

    code, kind = "identity.bad_key", Kind.UNAUTHENTICATED
    zh = "接口密钥或令牌无效、已过期或已被吊销。"
    en = "This key or token is not valid, has expired or was revoked."


class TestKeyOnLiveMarket(Refusal):
    code, kind = "identity.test_key_on_live_market", Kind.UNAUTHENTICATED
    zh = "这是沙箱的测试密钥（tmk_test_…），正式市场不接受；请使用正式密钥，或改用沙箱地址。"
    en = "This is a test key (tmk_test_…), and this market is live: use a live key, or the sandbox's address."


class LiveKeyInSandbox(Refusal):
    code, kind = "identity.live_key_in_sandbox", Kind.UNAUTHENTICATED
    zh = "这是正式市场的密钥，请勿在沙箱中使用；如已误发，请尽快轮换，并改用测试密钥（tmk_test_…）。"
    en = "This is a key of a live market, and this is a sandbox: use a test key (tmk_test_…) here, and rotate that one."


class SignInFailed(Refusal):
    """A name nobody has, a wrong password and a wrong code look the same."""

    code, kind = "identity.sign_in_failed", Kind.UNAUTHENTICATED
    zh = "登录名、口令或验证码不正确。"
    en = "The name, the password or the code is not right."


class SecondFactorMissing(Refusal):
    code, kind = "identity.second_factor_missing", Kind.UNAUTHENTICATED
    zh = "请同时提供验证器中的验证码或一个恢复码。"
    en = "Give the code of your authenticator, or a recovery code, along with the password."


class SignInTooOften(Refusal):
    """The wait is for this source; nobody else's tries keep a person out for good."""

    code, kind = "identity.sign_in_too_often", Kind.TOO_MANY
    zh = "失败次数过多，请在 {seconds} 秒后重试。"
    en = "Too many failed tries; try again in {seconds} seconds."


class SignInBusy(Refusal):
    code, kind = "identity.sign_in_busy", Kind.BUSY
    zh = "登录请求过多，请稍后重试。"
    en = "Too many are signing in at this moment; try again shortly."


class PasswordTooWeak(Refusal):
    code, kind = "identity.password_too_weak", Kind.INVALID
    zh = "口令须为 {length_min} 至 {length_max} 个字符，不得包含登录名，也不得只由少数几种字符重复组成。"
    en = "A password has {length_min} to {length_max} characters, without the name, and not few different ones."


class LoginNameTaken(Refusal):
    code, kind = "identity.login_name_taken", Kind.CONFLICT
    zh = "此登录名已被使用；请换一个。"
    en = "Somebody has this name already; choose another."


class InvitationOver(Refusal):
    """Unknown, used, withdrawn and expired invitations look the same."""

    code, kind = "identity.invitation_over", Kind.NOT_ALLOWED
    zh = "邀请无效、已使用、已撤回或已过期；请联系您组织的管理员。"
    en = "This invitation is not valid, was used or withdrawn, or has expired; ask your administrator."


class SecondFactorNotBegun(Refusal):
    code, kind = "identity.second_factor_not_begun", Kind.CONFLICT
    zh = "没有待确认的双因素设置；请先开始设置。"
    en = "No second factor waits for its confirmation; begin first."


class SessionOnly(Refusal):
    code, kind = "identity.session_only", Kind.NOT_ALLOWED
    zh = "此操作须由本人登录后执行，不能使用接口密钥或令牌。"
    en = "This takes a person who has signed in; a key or a token does not do."


class CrossSite(Refusal):
    code, kind = "identity.cross_site", Kind.NOT_ALLOWED
    zh = "带 Cookie 的更改请求必须来自本站页面。"
    en = "A change by cookie must come from a page of this site."


class LastAdministrator(Refusal):
    code, kind = "identity.last_administrator", Kind.CONFLICT
    zh = "组织必须至少保留一名管理员。"
    en = "An organisation keeps at least one administrator."


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
    """Only who was verified has a code to himself; what others claim keeps nobody out."""

    code, kind = "identity.uscc_taken", Kind.CONFLICT
    zh = "已有使用此统一社会信用代码的组织通过核验；请联系该组织的管理员加入，尚无管理员的请联系市场或其节点邀请。"
    en = (
        "An organisation with this code is verified already; ask its administrator to add you or, where it has none "
        "yet, the market or its node to invite you."
    )


class UsccOfAnother(Refusal):
    """Said to whoever verifies: the other is verified, so that it has this code is known to everybody."""

    code, kind = "identity.uscc_of_another", Kind.CONFLICT
    zh = "使用同一统一社会信用代码的“{name}”（{organisation}）已通过核验，两者只能有其一；如其有误，请先暂停该组织。"
    en = (
        "“{name}” ({organisation}) is verified with the same code, and one organisation alone can be; "
        "if that one is wrong, suspend it first."
    )


class TooManyFounded(Refusal):
    code, kind = "identity.too_many_founded", Kind.TOO_MANY
    zh = "从此处一天内注册的组织已达上限（{organisations_max} 个）；请稍后再试，或请市场运营方登记。"
    en = (
        "As many organisations as one may register in a day from here ({organisations_max}) were; come again later, or "
        "ask the market's operator to enter them."
    )


class HasPeople(Refusal):
    code, kind = "identity.has_people", Kind.CONFLICT
    zh = (
        "该组织已有人员加入，不能再由运营人员邀请首任管理员；如已无管理员，请提出恢复申请（administrator-recoveries）。"
    )
    en = (
        "People have joined this organisation already, so operators invite no first administrator; where it has lost "
        "its own, propose a recovery (administrator-recoveries)."
    )


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


class OneHandBehindBoth(Refusal):
    code, kind = "identity.one_hand_behind_both", Kind.NOT_ALLOWED
    zh = "须由两名相互独立的人员办理，而二人的登录凭据出自同一人之手；请换一名同事，或由另一名管理员重新邀请其中一人。"
    en = (
        "Two independent people are needed, and the credentials of both come from one hand. "
        "Ask another colleague, or have another administrator invite one of the two anew."
    )


class NotAMember(Refusal):
    code, kind = "identity.not_a_member", Kind.INVALID
    zh = "此人不属于该组织。"
    en = "This person does not belong to that organisation."


class OutsideNotHere(Refusal):
    code, kind = "identity.provider_unknown", Kind.NOT_FOUND
    zh = "本市场没有名为此的登录服务；可用的见 GET /v1/sign-in/providers。"
    en = "The market knows no such sign-in provider; GET /v1/sign-in/providers names those there are."


class OutsideSignInOver(Refusal):
    """Unknown, used, expired and begun in another browser look the same."""

    code, kind = "identity.outside_sign_in_over", Kind.NOT_ALLOWED
    zh = "此次登录未在本浏览器开始、已使用或已过期；请重新开始。"
    en = "This sign-in was not begun in this browser, was used, or has expired; begin again."


class OutsideDeclined(Refusal):
    code, kind = "identity.outside_declined", Kind.NOT_ALLOWED
    zh = "登录服务没有确认您的身份（{reason}）；请重新开始。"
    en = "The sign-in provider did not vouch for you ({reason}); begin again."


class OutsideWordNotGood(Refusal):
    """`check` names what failed: form, header, alg, typ, kid, signature, iss, aud, azp, nonce, time, sub or code."""

    code, kind = "identity.outside_word_not_good", Kind.NOT_ALLOWED
    zh = "登录服务的答复不可采信（{check}）；请重新开始，如仍失败请联系市场运营方。"
    en = "The sign-in provider's answer is not to be relied on ({check}); begin again, or tell the operator."


class OutsideSilent(Refusal):
    code, kind = "identity.provider_silent", Kind.BUSY
    zh = "登录服务 {provider} 暂无应答，请稍后重试，或用口令登录。"
    en = "The sign-in provider {provider} does not answer at the moment; try again shortly, or sign in by password."


class OutsideUnclear(Refusal):
    code, kind = "identity.provider_unclear", Kind.BUSY
    zh = "登录服务 {provider} 的应答不合规范；请用口令登录并告知市场运营方。"
    en = "The sign-in provider {provider} answers against its standard; sign in by password and tell the operator."

    def __init__(self, *, provider: str) -> None:
        super().__init__(retry_after=60, provider=provider)


class OutsideIdentityUnknown(Refusal):
    """Nobody is found by his e-mail address: whoever controls an address elsewhere would be let in here."""

    code, kind = "identity.outside_identity_unknown", Kind.NOT_ALLOWED
    zh = "此外部账户尚未与任何人员关联；请先用口令登录，再在“我的登录方式”中关联。"
    en = "Nobody here has linked this account; sign in by password first and link it yourself."


class OutsideIdentityTaken(Refusal):
    code, kind = "identity.outside_identity_taken", Kind.CONFLICT
    zh = "此外部账户已与他人关联，或您已关联同一服务的另一账户；请先解除关联。"
    en = "This account is linked to somebody else, or you have linked another one of that provider; unlink it first."


class DeputyUnfit(Refusal):
    """`reason`: same_person, not_a_member, a_machine, roles (not hers, or not to be deputised), time, the_market."""

    code, kind = "identity.deputy_unfit", Kind.INVALID
    zh = (
        "不能如此授权代理（{reason}）：须为同一组织的另一名人员，"
        "角色须为被代理人所有且可代理（{possible}），期限不超过 {days_max} 天。"
    )
    en = (
        "Nobody is made a deputy so ({reason}): it takes another person of the same organisation, roles that she has "
        "and that can be deputised ({possible}), and {days_max} days at most."
    )


class DeputyshipOver(Refusal):
    """Unknown, another's, not begun, ended and revoked look the same."""

    code, kind = "identity.deputyship_over", Kind.NOT_ALLOWED
    zh = "该代理授权不存在、非授予您、尚未开始、已到期或已撤销。"
    en = "This deputyship does not exist, is not yours, has not begun, has ended or was revoked."


class DeputyDoesNotBid(Refusal):
    code, kind = "identity.deputy_does_not_bid", Kind.NOT_ALLOWED
    zh = "报价不能由代理人或在紧急授权下提出；请由有权人员以自己的密钥报价。"
    en = "A bid is placed neither by a deputy nor under an elevation; let somebody bid who may, by a key of his own."


class ElevationOver(Refusal):
    code, kind = "identity.elevation_over", Kind.NOT_ALLOWED
    zh = "该紧急授权不存在、非您所取、已到期或已结束。"
    en = "This elevation does not exist, is not yours, or has ended."


class ElevationUnreviewed(Refusal):
    code, kind = "identity.elevation_unreviewed", Kind.CONFLICT
    zh = "您对该组织的上一次紧急授权（{elevation_id}）尚未由他人复核；复核后方可再取。"
    en = "Your last elevation for this organisation ({elevation_id}) waits for another's review; it comes first."


class ElevationStillRuns(Refusal):
    code, kind = "identity.elevation_still_runs", Kind.CONFLICT
    zh = "紧急授权仍在进行；结束后再复核。"
    en = "This elevation still runs; review it once it has ended."


class ElevationReviewed(Refusal):
    code, kind = "identity.elevation_reviewed", Kind.CONFLICT
    zh = "该紧急授权已复核。"
    en = "This elevation was reviewed already."


class ElevationOwnReview(Refusal):
    code, kind = "identity.elevation_own_review", Kind.NOT_ALLOWED
    zh = "不能复核自己的紧急授权；请由另一名独立的人员复核。"
    en = "Nobody reviews his own elevation; let another, independent person do it."


class ElevationNeedless(Refusal):
    code, kind = "identity.elevation_needless", Kind.INVALID
    zh = "不能对市场自身的组织取得紧急授权。"
    en = "No elevation is taken for the market's own organisation."


class NotByTwo(Refusal):
    code, kind = "identity.not_by_two", Kind.INVALID
    zh = "不能对这些操作要求同事同意：{operations}；只能对有重大后果的操作（权限表中标 ² 者）作此要求。"
    en = "A colleague's agreement cannot be asked for {operations}; it can for acts with consequences (² in the table)."


class NobodyToAgree(Refusal):
    code, kind = "identity.nobody_to_agree", Kind.CONFLICT
    zh = "本组织只有一名管理员，此后将无人可以同意；请先增加一名管理员。"
    en = "There is one administrator alone, so nobody could agree; add another one first."


class NotAgreed(Refusal):
    """Unknown, another's, not agreed to, another request, done already and run out look alike."""

    code, kind = "identity.not_agreed", Kind.NOT_ALLOWED
    zh = "没有同事同意过这一请求（须为同一人、同一方法、地址与正文），或同意已用过、已过期。"
    en = "No colleague agreed to this very request (person, method, address, body), or it was done or has run out."


class SecretInIntent(Refusal):
    """What is intended is kept, and read by colleagues."""

    code, kind = "identity.secret_in_intent", Kind.INVALID
    zh = "拟办的请求由同事阅读并留存，不得含有口令；请以新近的第二因素代替口令。"
    en = "Colleagues read what is intended, and it is kept: it holds no password. Give a fresh second factor instead."


class OwnAct(Refusal):
    code, kind = "identity.own_act", Kind.NOT_ALLOWED
    zh = "不能同意自己提出的操作；请由另一名同事同意。"
    en = "Nobody agrees to his own act; let a colleague do it."
