"""How trading says no. A refused bid is a recorded decision; its class here is what the edge renders."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal, shown


class BidTooLow(Refusal):
    code, kind = "trading.bid_too_low", Kind.CONFLICT
    zh = "报价过低；现在至少须报 {least}。"
    en = "The bid is too low; at least {least} would be enough now."


class BidOffStep(Refusal):
    code, kind = "trading.bid_off_step", Kind.CONFLICT
    zh = "报价须为 {least} 加上加价幅度 {increment} 的整数倍。"
    en = "A bid is {least} or that plus a whole multiple of the increment {increment}."


class PriceNotReached(Refusal):
    code, kind = "trading.price_not_reached", Kind.CONFLICT
    zh = "当前价格为 {least}；{reached_at} 时降至贵方所报金额，届时若无人接受即可成交。"
    en = "The price is {least} now; it reaches your amount at {reached_at}, if nobody has accepted by then."


class BidBelowFloor(Refusal):
    code, kind = "trading.bid_below_floor", Kind.CONFLICT
    zh = "价格不会降到此金额；最低可报 {least}。"
    en = "The price never falls to this amount before the lot ends; {least} is the least it comes to."


class NotThePrice(Refusal):
    code, kind = "trading.not_the_price", Kind.CONFLICT
    zh = "该标的为一口价，只能按 {least} 接受。"
    en = "The price is fixed; accept it by exactly {least}."


class BiddingOver(Refusal):
    code, kind = "trading.bidding_over", Kind.CONFLICT
    zh = "该标的的竞价已于 {effective_end} 结束。"
    en = "Bidding on this lot ended at {effective_end}."


class BiddingNotOpen(Refusal):
    code, kind = "trading.not_open", Kind.CONFLICT
    zh = "该标的的报价尚未开始；预定于 {opens_at} 开始，以公告期届满为准。"
    en = "Bidding on this lot has not begun; it opens at {opens_at}, not before the announcement has ended."


class BiddingPaused(Refusal):
    """`resumes_at` is a fact of it only when the operator has said from when it goes on."""

    code, kind = "trading.bidding_paused", Kind.CONFLICT
    zh = "该标的的竞价已暂停（{cause}：{reason}）；恢复时会补回时间。"
    en = "Bidding on this lot is paused ({cause}: {reason}); the time is given back when it resumes."

    def detail(self, language: str) -> str:
        sentence = super().detail(language)
        if "resumes_at" not in self.facts:
            return sentence
        when = shown(self.facts["resumes_at"])
        return f"{sentence}最早于 {when} 恢复。" if language.startswith("zh") else f"{sentence} It goes on at {when}."


class ResumesLater(Refusal):
    code, kind = "trading.resumes_later", Kind.CONFLICT
    zh = "已公布该标的最早于 {resumes_at} 恢复竞价，不能提前。"
    en = "It was said that bidding goes on at {resumes_at}; it cannot go on before."


class NotQualified(Refusal):
    code, kind = "trading.not_qualified", Kind.CONFLICT
    zh = "贵方尚不能报价：须经受理、转让方确认，且保证金已到账。"
    en = "You cannot bid yet: admission, the seller's confirmation and a held deposit come first."


class NotAParticipant(Refusal):
    code, kind = "trading.not_a_participant", Kind.NOT_ALLOWED
    zh = "贵组织没有登记为该项目的意向方。"
    en = "Your organisation is not registered as a participant of this trade."


class BidKeyReused(Refusal):
    code, kind = "trading.bid_key_reused", Kind.CONFLICT
    zh = "此 Idempotency-Key 已用于另一笔报价；新的报价请用新的键。"
    en = "This Idempotency-Key belongs to another bid of yours; use a new key for a new bid."


class BookBusy(Refusal):
    """Nobody knows yet whether the bid was entered: the same key gets the first decision or enters it now."""

    code, kind = "trading.book_busy", Kind.BUSY
    zh = "报价簿暂时无法确认该报价；请用同一个 Idempotency-Key 重试，不会重复报价。"
    en = "The bid book could not confirm this bid; retry with the same Idempotency-Key, it never bids twice."


class ListingNotTradable(Refusal):
    code, kind = "trading.listing_not_tradable", Kind.CONFLICT
    zh = "只有已发布、由贵组织提供的成果供给可以组织交易。"
    en = "Only a published offer of your own organisation can be put to trade."


class ListingChanged(Refusal):
    code, kind = "trading.listing_changed", Kind.CONFLICT
    zh = "该供给在交易方案拟定后已更改（现为第 {n} 版）；请按新版重新拟定。"
    en = "The listing has changed since this trade was drafted (it is at version {n}); draft it anew."


class TermsOutOfRange(Refusal):
    code, kind = "trading.terms_out_of_range", Kind.INVALID
    zh = "{field} 须在 {least} 与 {most} 之间。"
    en = "{field} must lie between {least} and {most}."


class MethodNotOffered(Refusal):
    code, kind = "trading.method_not_offered", Kind.INVALID
    zh = "本市场目前不提供交易方式 {method}；可选：{offered}。"
    en = "This market does not offer the method {method} now; it offers {offered}."


class TermUnknown(Refusal):
    code, kind = "trading.term_unknown", Kind.INVALID
    zh = "交易方式 {method} 没有“{field}”这一项；可选：{known}。"
    en = "The method {method} knows no term {field}; it knows {known}."


class TermMalformed(Refusal):
    code, kind = "trading.term_malformed", Kind.INVALID
    zh = "{field} 须为{wanted_zh}。"
    en = "{field} must be {wanted}."


class TermMissing(Refusal):
    code, kind = "trading.term_missing", Kind.INVALID
    zh = "交易方式 {method} 须给出 {field}。"
    en = "The method {method} needs {field}."


class TermsSaidTwice(Refusal):
    code, kind = "trading.terms_said_twice", Kind.INVALID
    zh = "请用 rules 和 lots 写明条款，或用单一标的的简写字段，不能两者并用。"
    en = "Give the terms in rules and lots, or in the short fields for one lot, not in both."


class LotsUnclear(Refusal):
    code, kind = "trading.lots_unclear", Kind.INVALID
    zh = "有多个标的时，每个标的须列明供给中的成果；除普通许可外，同一成果只能属于一个标的。"
    en = (
        "With several lots each names its achievements out of the listing's; only under an ordinary licence may "
        "an achievement be in more than one."
    )


class LotNotOfTrade(Refusal):
    code, kind = "trading.lot_not_of_trade", Kind.INVALID
    zh = "所列标的不属于该项目。"
    en = "A lot named here does not belong to this trade."


class DepositAboveRule(Refusal):
    code, kind = "trading.deposit_above_rule", Kind.INVALID
    zh = "保证金不得超过底价的 {ratio_max}。"
    en = "The deposit may be at most {ratio_max} of the start price."


class StartBelowFloor(Refusal):
    code, kind = "trading.start_below_floor", Kind.INVALID
    zh = "起始价不得低于供给的底价 {floor}；供给没有底价时须给出起始价。"
    en = "The start price may not lie below the listing's floor price {floor}; give one when the listing has none."


class FallsBelowFloor(Refusal):
    code, kind = "trading.falls_below_floor", Kind.INVALID
    zh = "降价底价合计不得低于供给的底价 {floor}。"
    en = "A price may not fall below the listing's floor price: the floors together are at least {floor}."


class FloorNotBelowStart(Refusal):
    code, kind = "trading.floor_not_below_start", Kind.INVALID
    zh = "降价底价须低于起始价 {start_price}。"
    en = "The floor a price falls to must lie below its start price {start_price}."


class OpensTooEarly(Refusal):
    code, kind = "trading.opens_too_early", Kind.CONFLICT
    zh = "竞价不能早于信息披露期届满（{announcement_ends_at}）开始。"
    en = "Bidding cannot open before the announcement ends ({announcement_ends_at})."


class NotRelistable(Refusal):
    code, kind = "trading.not_relistable", Kind.CONFLICT
    zh = (
        "该项目（状态 {state}）不能作为重新挂牌的前一项目：须是本供给最近一次未成交的项目，或其未成交标的含有所列成果。"
    )
    en = (
        "This trade ({state}) does not come before a new one: name the listing's last trade that ended without a sale, "
        "or one whose unsold lots held these achievements."
    )


class DraftedBefore(Refusal):
    code, kind = "trading.drafted_before", Kind.CONFLICT
    zh = "本方案拟定之后，项目 {number} 未成交结束；请按重新挂牌的规则重新拟定。"
    en = "Since this was drafted the trade {number} ended without a sale; draft anew, as a listing again."


class FirstFloorBelowValuation(Refusal):
    code, kind = "trading.first_floor_below_valuation", Kind.INVALID
    zh = "首次挂牌底价不得低于评估结果 {valuation} 的 {ratio} 倍。"
    en = "The first floor price is at least {ratio} of the valuation {valuation}."


class ConsentNeeded(Refusal):
    code, kind = "trading.consent_needed", Kind.INVALID
    zh = "新的底价低于评估结果 {valuation} 的 {ratio} 倍，须上传原批准单位的书面同意（consent_sha256）。"
    en = (
        "The new floor lies below {ratio} of the valuation {valuation}: upload the written consent of whoever approved "
        "the sale and name it (consent_sha256)."
    )


class RevaluationNeeded(Refusal):
    code, kind = "trading.revaluation_needed", Kind.CONFLICT
    zh = "自首次公告（{first_announced_on}）起已满 {months} 个月未征集到受让方，须重新评估后再挂牌。"
    en = "Nobody bought within {months} months of the first announcement ({first_announced_on}): value it anew first."


class ExtensionOutOfRule(Refusal):
    code, kind = "trading.extension_out_of_rule", Kind.INVALID
    zh = "延期须以 {unit} 计，每次不少于 {least}，至多 {at_most} 次。"
    en = "An extension counts in {unit}, at least {least} each time and at most {at_most} times."


class EnoughParticipants(Refusal):
    code, kind = "trading.enough_participants", Kind.CONFLICT
    zh = "各标的均已有不少于 {least} 个合格意向方，公告约定此时不得延期。"
    en = "Every lot has at least {least} qualified participant(s); as announced, there is no extension then."


class TradeIsSuspended(Refusal):
    code, kind = "trading.suspended", Kind.CONFLICT
    zh = "该项目已中止（最迟于 {resume_by} 恢复）；请先恢复。"
    en = "This trade is suspended (until {resume_by} at the latest); resume it first."


class TradeNotSuspended(Refusal):
    code, kind = "trading.not_suspended", Kind.CONFLICT
    zh = "该项目未中止，无须恢复。"
    en = "This trade is not suspended, so there is nothing to resume."


class SoldAlready(Refusal):
    code, kind = "trading.sold_already", Kind.CONFLICT
    zh = "该项目已有签约成交的标的，不能再终结；争议按合同处理。"
    en = "A lot of this trade is sold and signed, so it is not terminated any more; disputes go by the contract."


class NoMotion(Refusal):
    code, kind = "trading.no_motion", Kind.CONFLICT
    zh = "转让方没有待处理的终结申请；以此为由终结须先由转让方提出申请。"
    en = "The seller has not asked to end this trade; to end it on its motion, the seller asks first."


class MotionWaits(Refusal):
    code, kind = "trading.motion_waits", Kind.CONFLICT
    zh = "贵方的终结申请已提交，正在等待市场处理。"
    en = "You have asked to end this trade already; the market has not answered yet."


class RegistrationClosed(Refusal):
    code, kind = "trading.registration_closed", Kind.CONFLICT
    zh = "该项目的意向登记已截止或尚未开始。"
    en = "Registration for this trade is closed or has not begun."


class RegisteredAlready(Refusal):
    code, kind = "trading.registered_already", Kind.CONFLICT
    zh = "贵组织已登记为该项目的意向方。"
    en = "Your organisation is registered for this trade already."


class SellerCannotBuy(Refusal):
    code, kind = "trading.seller_cannot_buy", Kind.CONFLICT
    zh = "转让方不能成为自己项目的意向方。"
    en = "The seller cannot take part in its own trade."


class GroundsNeeded(Refusal):
    code, kind = "trading.grounds_needed", Kind.INVALID
    zh = "不予受理或不予确认须至少列明一项理由（grounds）；可选：{known}。"
    en = "Who does not accept a participant names at least one ground: {known}."


class PrincipalUnfit(Refusal):
    code, kind = "trading.principal_unfit", Kind.INVALID
    zh = "委托人须为经市场核验的其他单位，且不是转让方或受托人本身。"
    en = "A principal is another organisation that the market has verified, neither the seller nor the agent itself."


class StandsAlready(Refusal):
    code, kind = "trading.stands_already", Kind.CONFLICT
    zh = "该单位已在本项目中自行登记、委托他人或加入联合体参与；同一单位只能以一种方式参与。"
    en = (
        "This organisation takes part in this trade already, itself, by a mandate or in a consortium; it does so in "
        "one way only."
    )


class MandateNotSigned(Refusal):
    code, kind = "trading.mandate_not_signed", Kind.CONFLICT
    zh = "委托人尚未签署委托书；签署后方可受理。"
    en = "The principal has not signed the mandate; after that the participant can be admitted."


class ConsortiumNotAnnounced(Refusal):
    code, kind = "trading.consortium_not_announced", Kind.CONFLICT
    zh = "本项目公告未接受联合体；请以本单位名义单独登记。"
    en = "This trade was announced without consortia; register by yourself, without members."


class ConsortiumUnfit(Refusal):
    code, kind = "trading.consortium_unfit", Kind.INVALID
    zh = "联合体由{members_min}至{members_max}家经市场核验的不同单位组成（含代表方），不得包括转让方。"
    en = (
        "A consortium has {members_min} to {members_max} members with its representative, each another organisation "
        "that the market has verified, and not the seller."
    )


class DepositPayerUnfit(Refusal):
    code, kind = "trading.deposit_payer_unfit", Kind.INVALID
    zh = "保证金由公告所定的一方缴纳：{deposit_from}。REPRESENTATIVE 指代表方，NAMED_MEMBER 指协议列明的一名成员。"
    en = (
        "A consortium's deposit comes from whom the announcement says: {deposit_from}. REPRESENTATIVE is who "
        "registers, NAMED_MEMBER one of the members."
    )


class ConsortiumHasNoAgent(Refusal):
    code, kind = "trading.consortium_has_no_agent", Kind.INVALID
    zh = "联合体由其一名成员代表参与，不能同时接受委托；请只填写其中一项。"
    en = "A consortium is represented by one of its members, not by an agent; name members or a principal."


class ConsortiumNotSigned(Refusal):
    code, kind = "trading.consortium_not_signed", Kind.CONFLICT
    zh = "联合体协议尚有成员未签署：{missing}；全体签署后方可受理。"
    en = "Not all members have signed the consortium agreement, still to sign: {missing}; then it can be admitted."


class JudgeConflicted(Refusal):
    code, kind = "trading.judge_conflicted", Kind.NOT_ALLOWED
    zh = "您属于该意向方或其所代表的单位，须回避；请由其他人员处理。"
    en = "You belong to this participant or to whom it stands for, so you cannot act on it; somebody else does."


class TooLateToWithdraw(Refusal):
    code, kind = "trading.too_late_to_withdraw", Kind.CONFLICT
    zh = "竞价已经开始，不能再退出；不报价者无须任何操作。"
    en = "Bidding has opened, so nobody withdraws any more; whoever does not want to bid need do nothing."


class CauseNotAnnounced(Refusal):
    code, kind = "trading.cause_not_announced", Kind.CONFLICT
    zh = "公告没有约定因此不予退还保证金；已公告的情形：{announced}。"
    en = "This was not announced as a reason to forfeit deposits; announced were {announced}."


class NoReserveAwaited(Refusal):
    code, kind = "trading.no_reserve_awaited", Kind.CONFLICT
    zh = "该标的现在不等待揭示保留价；保留价在竞价结束之后、规定期限之内揭示。"
    en = "No reserve price is awaited on this lot now; one is revealed after the close and within the announced time."


class ReserveDiffers(Refusal):
    code, kind = "trading.reserve_differs", Kind.INVALID
    zh = "金额与随机数同公告的摘要 {digest} 不符；请提交当初承诺的金额与随机数。"
    en = "Amount and salt do not open the announced digest {digest}; send those it was made of."


class SigningDatePassed(Refusal):
    code, kind = "trading.signing_date_passed", Kind.CONFLICT
    zh = "签约期限已于 {sign_by} 届满。"
    en = "The time to sign ended at {sign_by}."


class NoBiddingHere(Refusal):
    code, kind = "trading.no_bidding_here", Kind.CONFLICT
    zh = "该项目的交易方式是 {method}，不接受公开报价；请按项目规则参与。"
    en = "This trade goes by {method} and takes no bids; its `rules` say how to take part."


class NoTalksHere(Refusal):
    code, kind = "trading.no_talks_here", Kind.CONFLICT
    zh = "该项目的交易方式是 {method}，不是协议定价。"
    en = "This trade goes by {method}; only a negotiation takes offers."


class TalksNotOpen(Refusal):
    code, kind = "trading.talks_not_open", Kind.CONFLICT
    zh = "谈判未在进行（标的状态 {state}）；开始于 {opens_at}，截止于 {talks_end}。"
    en = "Talks are not open (the lot is {state}); they begin at {opens_at} and end at {talks_end}."


class CounterpartyNeeded(Refusal):
    code, kind = "trading.counterparty_needed", Kind.INVALID
    zh = "转让方须指明向哪一意向方发出要约（participant_id）；意向方只能向转让方发出。"
    en = "The seller names the participant the offer goes to (participant_id); a participant offers to the seller."


class OfferStands(Refusal):
    code, kind = "trading.offer_stands", Kind.CONFLICT
    zh = "您此前的要约在 {until} 前有效，不可撤回或更改；对方可以接受、拒绝或还价。"
    en = "Your earlier offer binds you until {until}; the other side may accept, decline or counter it."


class OfferOver(Refusal):
    code, kind = "trading.offer_over", Kind.CONFLICT
    zh = "该要约已于 {valid_until} 失效；可发出新的要约。"
    en = "This offer ended at {valid_until}; a new one may be made."


class OfferNotYours(Refusal):
    code, kind = "trading.offer_not_yours", Kind.CONFLICT
    zh = "要约由对方接受或拒绝，不能由要约人自己作出。"
    en = "An offer is accepted or declined by the other side, not by whoever made it."


class OfferBelowFloor(Refusal):
    code, kind = "trading.offer_below_floor", Kind.INVALID
    zh = "价格不得低于公告的底价 {least}。"
    en = "The price may not lie below the announced floor {least}."


class OfferEndsTooLate(Refusal):
    code, kind = "trading.offer_end_out_of_talks", Kind.INVALID
    zh = "要约的有效期须晚于现在（{now}），且不晚于谈判截止时间 {talks_end}。"
    en = "An offer ends after now ({now}) and no later than the talks ({talks_end})."


class CompetitionNeeded(Refusal):
    code, kind = "trading.competition_needed", Kind.CONFLICT
    zh = "国有资产有 {buyers} 个合格意向方，须公开竞价（企业国有资产法第54条）；请终结本项目并以竞价方式重新挂牌。"
    en = (
        "State assets with {buyers} qualified buyers are sold in open competition (Law on State-owned Assets of "
        "Enterprises, art. 54); end this trade and list it again by bidding."
    )


class NoEnvelopesHere(Refusal):
    code, kind = "trading.no_envelopes_here", Kind.CONFLICT
    zh = "该项目的交易方式是 {method}，不采用密封报价；请按项目规则参与。"
    en = "This trade goes by {method} and takes no envelopes; its `rules` say how to take part."


class SealingFixed(Refusal):
    code, kind = "trading.sealing_fixed", Kind.CONFLICT
    zh = "密封公钥须在公告之后、报价开始之前登记；此后不得更换。"
    en = "A lot's key is registered after the announcement and before quotes open, and stays from then on."


class SealingNotAnnounced(Refusal):
    code, kind = "trading.sealing_not_as_announced", Kind.INVALID
    zh = "开标须按公告：{officers} 名开标人中 {needed} 名。"
    en = "The announced terms say {needed} of {officers} officers; register just these."


class KeyUnfit(Refusal):
    code, kind = "trading.sealing_key_unfit", Kind.CONFLICT
    zh = "此公钥无效，或已用于其他标的；请为该标的另行生成。"
    en = "This is no key of the suite, or another lot has it; make a key for this lot alone."


class OfficersUnfit(Refusal):
    code, kind = "trading.officers_unfit", Kind.CONFLICT
    zh = "开标人须各不相同，分别属于市场、主管部门或公证等机构，且不属于出让方或意向方。"
    en = (
        "Officers are different people of the market, an authority or an agency such as a notary, and of none of the"
        " trade's parties."
    )


class OfficersOfOneHand(Refusal):
    code, kind = "trading.officers_of_one_hand", Kind.CONFLICT
    zh = "同一机构至多可有 {most} 名开标人，否则该机构可独自提前开标。"
    en = "One organisation may have at most {most} of the officers: with more it could open the lot by itself."


class EnvelopeMalformed(Refusal):
    code, kind = "trading.envelope_malformed", Kind.INVALID
    zh = "密封报价函应为 {bytes} 字节的 base64（格式见 docs/sealed-bids.md）。"
    en = "An envelope is {bytes} bytes in base64; docs/sealed-bids.md tells the format."


class SharesTooEarly(Refusal):
    code, kind = "trading.shares_too_early", Kind.CONFLICT
    zh = "报价截止（{effective_end}）之前不收密钥份额；请妥善保管，截止后再提交。"
    en = "Shares are not taken before quotes have closed ({effective_end}); keep yours until then."


class WrongShare(Refusal):
    code, kind = "trading.wrong_share", Kind.INVALID
    zh = "这不是登记在第 {n} 号开标人名下的密钥份额。"
    en = "This is not the share that was registered for officer {n}."


class NotOpenedYet(Refusal):
    code, kind = "trading.not_opened_yet", Kind.CONFLICT
    zh = "尚未开标：需 {needed} 份密钥份额，已有 {given} 份。"
    en = "The lot has not been opened: it takes {needed} shares, {given} have been given."


class RecordNotYet(Refusal):
    """`effective_end` is a fact of it only while a lot is open: then the first of them may close."""

    code, kind = "trading.record_not_yet", Kind.CONFLICT
    zh = "该项目尚无标的结束竞价；首个标的结束后公开记录方可取得。"
    en = "No lot of this trade has ended yet; its public record is there once the first has."


class WeightsDoNotSum(Refusal):
    code, kind = "trading.weights_do_not_sum", Kind.INVALID
    zh = "评分标准的权重之和为 {sum}，须等于 1。"
    en = "The weights of the criteria sum to {sum}; they must sum to 1."


class DemandNeeded(Refusal):
    code, kind = "trading.demand_needed", Kind.INVALID
    zh = "揭榜挂帅（SELECTION）以需求为标的，其他方式以供给为标的。"
    en = "A selection is made on a demand, every other method on an offer."


class NoPanelHere(Refusal):
    code, kind = "trading.no_panel_here", Kind.CONFLICT
    zh = "该项目的规则没有评委评分。"
    en = "The rules of this trade ask for no panel."


class PanelClosed(Refusal):
    code, kind = "trading.panel_closed", Kind.CONFLICT
    zh = "标的状态为 {state}，评委组成与评分已不能更改。"
    en = "The lot is {state}; its panel and marks no longer change."


class NotAnExpert(Refusal):
    code, kind = "trading.not_an_expert", Kind.CONFLICT
    zh = "该人员没有有效的专家资格（EXPERT）；请先由市场登记资格。"
    en = "This person holds no valid qualification EXPERT; the market enters it first."


class ExpertConflicted(Refusal):
    code, kind = "trading.expert_conflicted", Kind.CONFLICT
    zh = "评委与项目有利害关系（{because}），须回避。"
    en = "This expert has a conflict of interest ({because}) and cannot sit on the panel."


class ExpertAlready(Refusal):
    code, kind = "trading.expert_already", Kind.CONFLICT
    zh = "该人员已在评委名单中。"
    en = "This person is on the panel already."


class DeclarationMissing(Refusal):
    code, kind = "trading.declaration_missing", Kind.CONFLICT
    zh = "评委须先签署无利害关系及保密声明，方可查看方案和评分。"
    en = "An expert first signs that he is free of interest and keeps secret; then he reads proposals and marks them."


class NothingToMark(Refusal):
    code, kind = "trading.nothing_to_mark", Kind.CONFLICT
    zh = "目前不在评分阶段（标的状态 {state}）。"
    en = "This is not the time for marks (the lot is {state})."


class SheetIncomplete(Refusal):
    code, kind = "trading.sheet_incomplete", Kind.INVALID
    zh = "评分表须对每个方案的每项评委标准各给一个 0 至 100 的分数；应有：{wanted}。"
    en = "A sheet gives each proposal one mark from 0 to 100 for each criterion of the panel; wanted: {wanted}."


class SheetGiven(Refusal):
    code, kind = "trading.sheet_given", Kind.CONFLICT
    zh = "您已提交评分表，不能更改。"
    en = "Your sheet is in and does not change."


class ScoresSealed(Refusal):
    code, kind = "trading.scores_sealed", Kind.CONFLICT
    zh = "评委评分在全部提交前不公开；已提交 {given}/{seated}。"
    en = "Marks are sealed until all are in; {given} of {seated} sheets are."


class NoFinalBidAwaited(Refusal):
    code, kind = "trading.no_final_bid_awaited", Kind.CONFLICT
    zh = "该标的现在不接受最终报价；仅在公告约定、竞价结束之后的规定时间内接受。"
    en = "This lot takes no final bids now; where they were announced, they are taken for a time after the session."


class NotALeader(Refusal):
    code, kind = "trading.not_a_leader", Kind.CONFLICT
    zh = "最终报价只由公告约定的前 {leaders} 名作出。"
    en = "Only the first {leaders} of the session name a final price, as announced."


class FinalBidGiven(Refusal):
    code, kind = "trading.final_bid_given", Kind.CONFLICT
    zh = "贵方已作出最终报价，只能一次，不能更改。"
    en = "Your final bid is in; there is one each, and it does not change."


class FinalBidTooLow(Refusal):
    code, kind = "trading.final_bid_too_low", Kind.INVALID
    zh = "最终报价须高于贵方在竞价中的最后报价 {own}，至少 {least}；不再加价者无须操作。"
    en = "A final bid is above your own last bid {own}, so at least {least}; who stays with that need do nothing."


class NoFirstRefusalHere(Refusal):
    code, kind = "trading.no_first_refusal_here", Kind.CONFLICT
    zh = "该项目未公告场外行使优先购买权。"
    en = "This trade announced no first refusal after the session."


class TooLateToClaim(Refusal):
    code, kind = "trading.too_late_to_claim", Kind.CONFLICT
    zh = "优先购买权须在竞价开始之前主张和确认。"
    en = "A first refusal is claimed and answered before bidding opens."


class FirstRefusalClaimed(Refusal):
    code, kind = "trading.first_refusal_claimed_already", Kind.CONFLICT
    zh = "贵方已主张优先购买权。"
    en = "You have claimed a first refusal in this trade already."


class ClaimUnfounded(Refusal):
    code, kind = "trading.first_refusal_unfounded", Kind.CONFLICT
    zh = "成果记录中没有 {basis} 这一依据；合同约定的优先购买权须上传证据（basis 为 CONTRACT）。"
    en = "The record shows no such ground ({basis}); one by contract is shown by uploaded evidence (basis CONTRACT)."


class NoFirstRefusalAwaited(Refusal):
    code, kind = "trading.no_first_refusal_awaited", Kind.CONFLICT
    zh = "现在不等待贵方就该标的行使优先购买权。"
    en = "Nobody waits for you to exercise a first refusal on this lot now."


VERDICTS: dict[str, type[Refusal]] = {
    refusal.code: refusal
    for refusal in (BidTooLow, BidOffStep, BiddingOver, NotQualified, PriceNotReached, BidBelowFloor, NotThePrice)
}
