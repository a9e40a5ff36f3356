"""What waits for a person in trading: for the seller, the market, those who take part, experts and officers."""

from __future__ import annotations

from techmarket.identity.permissions import Permission
from techmarket.identity.work import due_work
from techmarket.signing.steps import places_to_sign
from techmarket.trading import policy

# Who sells or takes part in a trade, by whichever organisation, does not act on it for the market.
SIDES = (
    "array_append(ARRAY(SELECT unnest(ARRAY[q.org_id, q.principal_org_id]) FROM participant q WHERE q.trade_id = {t}.id"
    " AND q.state NOT IN ('REJECTED', 'WITHDRAWN')"
    " UNION SELECT m.org_id FROM consortium_member m JOIN participant q ON q.id = m.participant_id"
    " WHERE q.trade_id = {t}.id AND m.signed_at IS NOT NULL AND q.state NOT IN ('REJECTED', 'WITHDRAWN')),"
    " {t}.seller_org_id)"
)
PARTICIPANTS = "participant x JOIN trade t ON t.id = x.trade_id AND t.state = 'ANNOUNCED'"
LOTS = "lot x JOIN trade t ON t.id = x.trade_id"
OFFICE = SIDES.format(t="t")

due_work(
    "trading.submit_trade",
    policy.SUBMIT,
    "submitTrade",
    "POST /v1/trades/{id}/submission",
    thing="trade",
    rows="trade x WHERE x.state IN ('DRAFT', 'RETURNED')",
    org="x.seller_org_id",
    since="x.created_at",
    covers=("trade DRAFT", "trade RETURNED"),
    zh="提交项目挂牌申请",
    en="Hand in a drafted trade",
)
due_work(
    "trading.announce_trade",
    policy.ANNOUNCE,
    "announceTrade",
    "POST /v1/trades/{id}/announcement",
    thing="trade",
    rows="trade x WHERE x.state = 'SUBMITTED'",
    since="x.created_at",
    covers="trade SUBMITTED",
    zh="审核并发布项目公告",
    en="Announce a trade that was handed in, or return it",
)
due_work(
    "trading.admit_participant",
    policy.ADMIT,
    "admitParticipant",
    "POST /v1/participants/{id}/admission",
    thing="participant",
    rows=f"{PARTICIPANTS} WHERE x.state = 'REGISTERED' AND (x.principal_org_id IS NULL OR x.mandated_at IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM consortium_member m WHERE m.participant_id = x.id AND m.signed_at IS NULL)",
    apart=OFFICE,
    since="x.registered_at",
    due="x.due_at",
    covers="participant REGISTERED",
    zh="审查意向受让方资格",
    en="Give the market's view on a participant",
)
due_work(
    "trading.confirm_participant",
    policy.CONFIRM,
    "confirmParticipant",
    "POST /v1/participants/{id}/confirmation",
    thing="participant",
    rows=f"{PARTICIPANTS} WHERE x.state = 'ADMITTED'",
    org="t.seller_org_id",
    apart="ARRAY(SELECT unnest(ARRAY[x.org_id, x.principal_org_id])"
    " UNION SELECT m.org_id FROM consortium_member m WHERE m.participant_id = x.id)",
    since="x.registered_at",
    due="x.due_at",
    covers="participant ADMITTED",
    zh="确认意向受让方资格",
    en="Confirm a participant as the seller",
)
due_work(
    "trading.sign_mandate",
    policy.SIGN_MANDATE,
    "signMandate",
    "POST /v1/participants/{id}/mandate/signature",
    thing="participant",
    rows=f"{PARTICIPANTS} {places_to_sign('x.mandate_signing_id')} WHERE x.state = 'REGISTERED'",
    org="place.org_id",
    since="x.registered_at",
    due="t.bidding_opens_at",
    covers="participant REGISTERED",
    zh="签署竞买委托书",
    en="Sign the mandate of your agent",
)
due_work(
    "trading.sign_consortium",
    policy.SIGN_CONSORTIUM,
    "signConsortium",
    "POST /v1/participants/{id}/consortium/signature",
    thing="participant",
    rows=f"{PARTICIPANTS} {places_to_sign('x.agreement_signing_id')} WHERE x.state = 'REGISTERED'",
    org="place.org_id",
    since="x.registered_at",
    due="t.bidding_opens_at",
    covers="participant REGISTERED",
    zh="签署联合体协议",
    en="Sign the agreement of your consortium",
)
due_work(
    "trading.answer_first_refusal_claim",
    policy.ANSWER_CLAIM,
    "answerFirstRefusalClaim",
    "POST /v1/participants/{id}/first-refusal/answer",
    thing="participant",
    rows=f"{PARTICIPANTS} WHERE EXISTS (SELECT 1 FROM first_refusal_claim c WHERE c.participant_id = x.id"
    " AND c.state = 'CLAIMED')",
    org="t.seller_org_id",
    since="(SELECT min(c.claimed_at) FROM first_refusal_claim c WHERE c.participant_id = x.id)",
    due="t.bidding_opens_at",
    covers="first refusal CLAIMED",
    zh="答复优先购买权主张",
    en="Say whether a claimed first refusal stands",
)
due_work(
    "trading.exercise_first_refusal",
    policy.EXERCISE_FIRST_REFUSAL,
    "exerciseFirstRefusal",
    "POST /v1/lots/{id}/first-refusal",
    thing="lot",
    rows="lot x JOIN seat s ON s.lot_id = x.id AND s.state = 'READY'"
    " JOIN first_refusal_claim c ON c.lot_id = x.id AND c.participant_id = s.participant_id AND c.state = 'ASKED'"
    " WHERE x.step = 'FIRST_REFUSAL' AND x.step_due_at > market_now()",
    org="s.org_id",
    since="x.closed_at",
    due="x.step_due_at",
    covers=("first refusal ASKED", "lot EVALUATING"),
    zh="行使或放弃优先购买权",
    en="Exercise your first refusal, or waive it",
)
due_work(
    "trading.bid",
    policy.BID,
    "placeBid",
    "POST /v1/lots/{id}/bids",
    thing="lot",
    rows="lot x JOIN seat s ON s.lot_id = x.id AND s.state = 'READY' AND s.shut_out_at IS NULL"
    " WHERE x.state = 'OPEN' AND x.method IN ('ONLINE_BIDDING', 'FIXED_PRICE', 'DESCENDING')"
    " AND (x.effective_end IS NULL OR x.effective_end > market_now())"
    " AND NOT EXISTS (SELECT 1 FROM bid b WHERE b.lot_id = x.id AND b.participant_id = s.participant_id)",
    org="s.org_id",
    since="x.opened_at",
    due="x.effective_end",
    covers=("lot OPEN", "seat READY"),
    zh="参加竞价",
    en="Bid on a lot you are qualified for",
)
due_work(
    "trading.make_offer",
    policy.MAKE_OFFER,
    "makeOffer",
    "POST /v1/lots/{id}/offers",
    thing="lot",
    rows="lot x JOIN seat s ON s.lot_id = x.id AND s.state = 'READY' WHERE x.state = 'OPEN'"
    " AND x.method = 'NEGOTIATION' AND x.effective_end > market_now()"
    " AND NOT EXISTS (SELECT 1 FROM talk_offer o WHERE o.lot_id = x.id AND o.participant_id = s.participant_id)",
    org="s.org_id",
    since="x.opened_at",
    due="x.effective_end",
    covers="lot OPEN",
    zh="提出要约",
    en="Make the first offer of your negotiation",
)
due_work(
    "trading.answer_offer",
    policy.ACCEPT_OFFER,
    "acceptOffer",
    "POST /v1/offers/{id}/acceptance",
    thing="offer",
    rows="talk_offer x JOIN participant q ON q.id = x.participant_id JOIN lot l ON l.id = x.lot_id"
    " JOIN trade t ON t.id = l.trade_id WHERE x.state = 'OPEN' AND l.state = 'OPEN'"
    " AND least(x.valid_until, l.effective_end) > market_now()",
    org="(CASE WHEN x.by_org_id = t.seller_org_id THEN q.org_id ELSE t.seller_org_id END)",
    since="x.made_at",
    due="least(x.valid_until, l.effective_end)",
    covers="offer OPEN",
    zh="答复对方要约（接受、还价或拒绝）",
    en="Answer an offer: accept it, make a counter-offer, or decline",
)
due_work(
    "trading.reveal_reserve",
    policy.REVEAL_RESERVE,
    "revealReserve",
    "POST /v1/lots/{id}/reserve",
    thing="lot",
    rows=f"{LOTS} WHERE x.step = 'RESERVE' AND x.step_due_at > market_now()",
    org="t.seller_org_id",
    since="x.closed_at",
    due="x.step_due_at",
    covers="lot EVALUATING",
    zh="公开保留价",
    en="Reveal the committed reserve price",
)
due_work(
    "trading.seal_lot",
    policy.SEAL_LOT,
    "sealLot",
    "POST /v1/lots/{id}/sealing",
    thing="lot",
    rows=f"{LOTS} WHERE t.state = 'ANNOUNCED' AND x.state = 'WAITING'"
    " AND x.method IN ('SEALED', 'SCORED', 'SELECTION')"
    " AND NOT EXISTS (SELECT 1 FROM lot_sealing s WHERE s.lot_id = x.id)",
    apart=OFFICE,
    since="t.created_at",
    due="t.bidding_opens_at",
    covers="lot WAITING",
    zh="登记密封标的的密钥与开标人员",
    en="Register a sealed lot's key and its opening officers",
)
due_work(
    "trading.give_share",
    policy.GIVE_SHARE,
    "giveShare",
    "POST /v1/lots/{id}/opening/shares",
    thing="lot",
    rows=f"opening_officer o JOIN lot_sealing z ON z.lot_id = o.lot_id JOIN {LOTS} ON x.id = o.lot_id"
    " WHERE o.share IS NULL AND z.opened_at IS NULL AND x.step = 'OPENING'"
    # Proposals that a panel marks are not opened before its experts are seated.
    " AND (x.method <> 'SELECTION' OR NOT EXISTS (SELECT 1 FROM panel_seat p WHERE p.lot_id = x.id"
    " AND p.state = 'APPOINTED'))",
    person="o.person_id",
    apart=OFFICE,
    since="x.closed_at",
    due="x.step_due_at",
    covers="lot EVALUATING",
    zh="开标：提交所持密钥份额",
    en="Open the lot: give your share of the key",
)
due_work(
    "trading.declare_interest",
    policy.SIT_ON_PANEL,
    "declareInterest",
    "POST /v1/lots/{id}/panel/declaration",
    thing="lot",
    rows="panel_seat s JOIN lot x ON x.id = s.lot_id WHERE s.state = 'APPOINTED'"
    " AND x.state IN ('WAITING', 'OPEN', 'PAUSED', 'EVALUATING')"
    " AND NOT EXISTS (SELECT 1 FROM lot_scores z WHERE z.lot_id = x.id)",
    org="s.org_id",
    person="s.person_id",
    since="s.appointed_at",
    due="coalesce(x.step_due_at, x.effective_end)",
    covers="panel seat APPOINTED",
    zh="评审专家声明无利害关系",
    en="Declare, as an expert, that you are free of interest",
)
due_work(
    "trading.give_score_sheet",
    policy.SIT_ON_PANEL,
    "giveScoreSheet",
    "POST /v1/lots/{id}/score-sheets",
    thing="lot",
    rows="panel_seat s JOIN lot x ON x.id = s.lot_id WHERE s.state = 'SEATED' AND x.step = 'SCORES'"
    " AND NOT EXISTS (SELECT 1 FROM score_sheet g WHERE g.lot_id = x.id AND g.person_id = s.person_id)",
    org="s.org_id",
    person="s.person_id",
    since="x.closed_at",
    due="x.step_due_at",
    covers=("panel seat SEATED", "lot EVALUATING"),
    zh="提交评分表",
    en="Give your score sheet",
)


def _goes_on(
    kind: str,
    permission: Permission,
    operation: str,
    call: str,
    thing: str,
    rows: str,
    *,
    since: str,
    zh: str,
    en: str,
    id: str = "x.id",
    due: str = "NULL",
    covers: str | tuple[str, ...] = (),
) -> None:
    """What the operator stopped, or was asked to end."""
    due_work(
        kind,
        permission,
        operation,
        call,
        thing=thing,
        rows=rows,
        apart=OFFICE,
        id=id,
        since=since,
        due=due,
        covers=covers,
        zh=zh,
        en=en,
    )


_goes_on(
    "trading.resume_trade",
    policy.SUSPEND,
    "resumeTrade",
    "POST /v1/trades/{id}/resumption",
    "trade",
    "trade t WHERE t.state = 'ANNOUNCED' AND t.suspended_at IS NOT NULL",
    id="t.id",
    since="t.suspended_at",
    due="t.resume_by",
    zh="恢复已中止的项目",
    en="Resume a suspended trade, or terminate it",
)
_goes_on(
    "trading.resume_lot",
    policy.PAUSE,
    "resumeLot",
    "POST /v1/lots/{id}/resume",
    "lot",
    f"{LOTS} WHERE x.state = 'PAUSED' AND (x.resumes_at IS NULL OR x.resumes_at <= market_now())",
    since="x.paused_at",
    due="x.resumes_at",
    covers="lot PAUSED",
    zh="恢复已暂停的竞价",
    en="Let a paused lot go on",
)
_goes_on(
    "trading.answer_termination_motion",
    policy.TERMINATE,
    "declineTermination",
    "POST /v1/trades/{id}/termination-motion/refusal",
    "trade",
    "trade t JOIN LATERAL (SELECT a.act, a.at FROM trade_act a WHERE a.trade_id = t.id"
    " AND a.act IN ('TERMINATION_ASKED', 'TERMINATION_DECLINED') ORDER BY a.n DESC LIMIT 1) motion"
    " ON motion.act = 'TERMINATION_ASKED' WHERE t.state IN ('ANNOUNCED', 'DECIDING', 'AWARDED')",
    id="t.id",
    since="motion.at",
    covers="trade ANNOUNCED",
    zh="答复转让方的终结申请",
    en="Answer the seller's motion to terminate: terminate the trade, or decline",
)
