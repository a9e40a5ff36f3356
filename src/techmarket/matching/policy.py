"""Who may search, be found, judge matches and be alerted."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

SEARCH = permission("matching.search", Standing.ANYONE, scope=Scope.READ)
MATCH = permission("matching.list_matches", Standing.ANYONE, scope=Scope.READ)
READ_ANSWER = permission("matching.read_answer", Standing.ANYONE, scope=Scope.READ)
FIND_PEOPLE = permission("matching.find_people", Standing.VERIFIED, scope=Scope.READ)
READ_PROFILE = permission("matching.read_profile", Standing.SIGNED_IN, scope=Scope.READ)
EDIT_PROFILE = permission("matching.edit_profile", Standing.SIGNED_IN)
GIVE_FEEDBACK = permission("matching.give_feedback", Standing.OWN)
READ_FEEDBACK = permission("matching.read_feedback", Standing.OWN, scope=Scope.READ)
SAVE_SEARCH = permission("matching.save_search", Standing.SIGNED_IN)
READ_SEARCHES = permission("matching.read_searches", Standing.SIGNED_IN, scope=Scope.READ)
END_SEARCH = permission("matching.end_search", Standing.SIGNED_IN)
UNSUBSCRIBE = permission("matching.unsubscribe", Standing.ANYONE, scope=Scope.READ)
READ_ALERTS = permission("matching.read_alerts", Standing.SIGNED_IN, scope=Scope.READ)
AGREE_BLIND = permission("matching.agree_blind", Standing.OWN, Role.LISTING_OFFICER, Role.TRADER, Role.SIGNATORY)
READ_BLIND = permission("matching.read_blind", Standing.OWN, scope=Scope.READ)
