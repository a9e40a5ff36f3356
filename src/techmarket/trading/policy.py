"""Who may do what in trading. That a bidder is a qualified participant is judged in the book, and recorded there."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

DRAFT = permission("trading.draft_trade", Standing.OWN, Role.LISTING_OFFICER)
SUBMIT = permission("trading.submit_trade", Standing.OWN, Role.LISTING_OFFICER)
ANNOUNCE = permission("trading.announce_trade", Standing.MARKET, Role.OPERATOR)
EXTEND = permission("trading.extend_announcement", Standing.MARKET, Role.OPERATOR)
SUSPEND = permission("trading.suspend_trade", Standing.MARKET, Role.OPERATOR)
TERMINATE = permission("trading.terminate_trade", Standing.MARKET, Role.OPERATOR)
ASK_TERMINATION = permission("trading.ask_termination", Standing.OWN, Role.LISTING_OFFICER)
REGISTER = permission("trading.register_intent", Standing.VERIFIED, Role.TRADER)
SIGN_MANDATE = permission("trading.sign_mandate", Standing.OWN, Role.SIGNATORY, consequential=True)
SIGN_CONSORTIUM = permission("trading.sign_consortium", Standing.OWN, Role.SIGNATORY, consequential=True)
PAUSE = permission("trading.pause_lot", Standing.MARKET, Role.OPERATOR)
SEE_FLOOR = permission("trading.list_floor", Standing.MARKET, Role.OPERATOR, scope=Scope.READ)
ADMIT = permission("trading.admit_participant", Standing.MARKET, Role.OPERATOR)
CONFIRM = permission("trading.confirm_participant", Standing.OWN, Role.LISTING_OFFICER)
SEE_DUE_OPINIONS = permission(
    "trading.list_due_opinions", Standing.MARKET_OR_OWN, Role.OPERATOR, Role.LISTING_OFFICER, scope=Scope.READ
)
SEE_PARTICIPANTS = permission("trading.list_participants", Standing.SIGNED_IN, scope=Scope.READ)
BID = permission("trading.place_bid", Standing.VERIFIED, Role.TRADER, scope=Scope.BID)
REVEAL_RESERVE = permission("trading.reveal_reserve", Standing.OWN, Role.LISTING_OFFICER)
PUT_FINAL_BID = permission("trading.put_final_bid", Standing.VERIFIED, Role.TRADER, scope=Scope.BID)
CLAIM_FIRST_REFUSAL = permission("trading.claim_first_refusal", Standing.OWN, Role.TRADER)
ANSWER_CLAIM = permission("trading.answer_first_refusal_claim", Standing.OWN, Role.LISTING_OFFICER)
EXERCISE_FIRST_REFUSAL = permission("trading.exercise_first_refusal", Standing.OWN, Role.TRADER)
WITHDRAW = permission("trading.withdraw", Standing.OWN, Role.TRADER)
FORFEIT = permission("trading.forfeit_deposit", Standing.MARKET, Role.OPERATOR)
SEAL_LOT = permission("trading.seal_lot", Standing.MARKET, Role.OPERATOR)
SEAL_QUOTE = permission("trading.put_envelope", Standing.VERIFIED, Role.TRADER, scope=Scope.BID)
SEE_OFFICERS = permission("trading.list_opening_officers", Standing.MARKET, Role.OPERATOR, scope=Scope.READ)
# The officers of a lot are its parties here: whoever holds a share gives it himself.
GIVE_SHARE = permission("trading.give_share", Standing.OWN)
SEE_SLOT = permission("trading.get_slot", Standing.SIGNED_IN, scope=Scope.READ)
LEAVE = permission("trading.leave_as_runner_up", Standing.OWN, Role.TRADER)
SEE_AWARD = permission("trading.get_award", Standing.MARKET_OR_OWN, scope=Scope.READ)
MAKE_OFFER = permission("trading.make_offer", Standing.OWN, Role.SIGNATORY, consequential=True)
ACCEPT_OFFER = permission("trading.accept_offer", Standing.OWN, Role.SIGNATORY, consequential=True)
DECLINE_OFFER = permission("trading.decline_offer", Standing.OWN, Role.SIGNATORY, Role.TRADER, Role.LISTING_OFFICER)
SEE_OFFERS = permission("trading.list_offers", Standing.MARKET_OR_OWN, scope=Scope.READ)
APPOINT_EXPERT = permission("trading.appoint_expert", Standing.MARKET, Role.OPERATOR)
SIT_ON_PANEL = permission("trading.sit_on_panel", Standing.OWN)
SEE_PANEL = permission("trading.get_panel", Standing.MARKET_OR_OWN, scope=Scope.READ)
SEE_PROPOSALS = permission("trading.list_proposals", Standing.MARKET_OR_OWN, scope=Scope.READ)

SELLERS_OFFICERS = frozenset({Role.LISTING_OFFICER, Role.TRADER})
"""Who of the seller sees which organisations take part."""
SEE_BUYERS = SELLERS_OFFICERS | {Role.SIGNATORY, Role.FINANCE}
"""Who of the seller sees the awards and the talks: an inventor has no part in who buys, and at which price."""
