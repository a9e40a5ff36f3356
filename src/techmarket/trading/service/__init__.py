"""What people do in trading, and what the clock does: one module for each part of the way."""

from __future__ import annotations

from techmarket.trading.service.announcing import announce, return_trade, submit_trade
from techmarket.trading.service.awarding import (
    annul_award,
    follow_award_notice,
    lapse_award,
    lapse_due,
    leave_as_runner_up,
    terminate_trade,
)
from techmarket.trading.service.bidding import place_bid
from techmarket.trading.service.consorting import sign_consortium
from techmarket.trading.service.deciding import step_due, step_if_due
from techmarket.trading.service.drafting import Afterwards, ConsortiumTerms, ExtensionDraft, LotDraft, draft_trade
from techmarket.trading.service.finishing import list_final_bids, put_final_bid
from techmarket.trading.service.floor import go_on_due, list_floor, pause_lot, resume_lot
from techmarket.trading.service.judging import (
    appoint_expert,
    declare,
    get_panel,
    get_scores,
    give_sheet,
    list_proposals,
    recuse_expert,
    scores_due,
)
from techmarket.trading.service.leaving import forfeit_deposit, withdraw
from techmarket.trading.service.mandating import sign_mandate
from techmarket.trading.service.officers import list_opening_officers
from techmarket.trading.service.opening import close_due, close_if_due, open_due, open_if_due
from techmarket.trading.service.participating import hold_deposit, register_intent
from techmarket.trading.service.preferring import answer_claim, claim_first_refusal, exercise_first_refusal
from techmarket.trading.service.prolonging import (
    extend_announcement,
    extend_due,
    extend_if_due,
    follow_announcement,
    follow_calendar,
    resume_due,
    resume_if_due,
    resume_trade,
    suspend_trade,
)
from techmarket.trading.service.qualifying import admit, confirm, list_due_opinions, silence_due, silence_if_due
from techmarket.trading.service.reading import (
    get_award,
    get_lot,
    get_trade,
    list_awards,
    list_bids,
    list_participants,
    list_trades,
    trades_of_awards,
)
from techmarket.trading.service.recording import write_record
from techmarket.trading.service.relisting import PriceGround
from techmarket.trading.service.reserving import reveal_reserve
from techmarket.trading.service.sealing import Officer, get_sealing, get_slot, put_envelope, renew_covers, seal_lot
from techmarket.trading.service.talking import accept_offer, decline_offer, get_offer, list_offers, make_offer
from techmarket.trading.service.terminating import ask_termination, decline_termination, list_acts, terminate
from techmarket.trading.service.unsealing import close_slots_due, get_opening, give_share

__all__ = [
    "Afterwards",
    "ConsortiumTerms",
    "ExtensionDraft",
    "LotDraft",
    "Officer",
    "PriceGround",
    "accept_offer",
    "admit",
    "announce",
    "annul_award",
    "answer_claim",
    "appoint_expert",
    "ask_termination",
    "claim_first_refusal",
    "close_due",
    "close_if_due",
    "close_slots_due",
    "confirm",
    "declare",
    "decline_offer",
    "decline_termination",
    "draft_trade",
    "exercise_first_refusal",
    "extend_announcement",
    "extend_due",
    "extend_if_due",
    "follow_announcement",
    "follow_award_notice",
    "follow_calendar",
    "forfeit_deposit",
    "get_award",
    "get_lot",
    "get_offer",
    "get_opening",
    "get_panel",
    "get_scores",
    "get_sealing",
    "get_slot",
    "get_trade",
    "give_share",
    "give_sheet",
    "go_on_due",
    "hold_deposit",
    "lapse_award",
    "lapse_due",
    "leave_as_runner_up",
    "list_acts",
    "list_awards",
    "list_bids",
    "list_due_opinions",
    "list_final_bids",
    "list_floor",
    "list_offers",
    "list_opening_officers",
    "list_participants",
    "list_proposals",
    "list_trades",
    "make_offer",
    "open_due",
    "open_if_due",
    "pause_lot",
    "place_bid",
    "put_envelope",
    "put_final_bid",
    "recuse_expert",
    "register_intent",
    "renew_covers",
    "resume_due",
    "resume_if_due",
    "resume_lot",
    "resume_trade",
    "return_trade",
    "reveal_reserve",
    "scores_due",
    "seal_lot",
    "sign_consortium",
    "sign_mandate",
    "silence_due",
    "silence_if_due",
    "step_due",
    "step_if_due",
    "submit_trade",
    "suspend_trade",
    "terminate",
    "terminate_trade",
    "trades_of_awards",
    "withdraw",
    "write_record",
]
