"""What people do in identity, and how a caller is known: one module for each."""

from __future__ import annotations

from techmarket.identity.service.deputies import appoint_deputy, as_deputy, list_deputies, revoke_deputy
from techmarket.identity.service.elevations import (
    end_elevation,
    list_elevations,
    review_elevation,
    take_elevation,
    under_elevation,
)
from techmarket.identity.service.entering import authenticate, authenticate_for
from techmarket.identity.service.founding import Founding
from techmarket.identity.service.intents import (
    agree_to_act,
    as_agreed,
    intend_act,
    list_intended_acts,
    refuse_act,
    set_by_two,
)
from techmarket.identity.service.invitations import (
    accept_invitation,
    invite_again,
    invite_person,
    withdraw_invitation,
)
from techmarket.identity.service.keys import issue_key, list_keys, note_uses, revoke_key, rotate_key
from techmarket.identity.service.logins import begin_second_factor, prove, set_login, set_second_factor
from techmarket.identity.service.machines import (
    give_token,
    list_clients,
    register_client,
    revoke_client,
    rotate_client_secret,
)
from techmarket.identity.service.members import (
    add_member,
    add_person,
    ask_second_factor,
    change_roles,
    end_membership,
    get_self,
    grant_qualification,
    list_people,
    set_contact,
)
from techmarket.identity.service.organisations import (
    find_organisations,
    found_market,
    found_organisation,
    get_organisation,
    list_organisations,
    register_organisation,
    suspend_organisation,
    verify_organisation,
)
from techmarket.identity.service.outside import (
    begin_linking,
    begin_sign_in,
    give_code,
    list_identities,
    return_from,
    unlink_identity,
)
from techmarket.identity.service.personal import correct_name, erase_again, erase_person, get_personal_data, list_erased
from techmarket.identity.service.sandbox import (
    jump_to_next,
    move_clock,
    read_clock,
    run_clock,
    run_clock_at,
    see_clock,
)
from techmarket.identity.service.sessions import confirm_session, end_session, list_sessions, sign_in

__all__ = [
    "Founding",
    "accept_invitation",
    "add_member",
    "add_person",
    "agree_to_act",
    "appoint_deputy",
    "as_agreed",
    "as_deputy",
    "ask_second_factor",
    "authenticate",
    "authenticate_for",
    "begin_linking",
    "begin_second_factor",
    "begin_sign_in",
    "change_roles",
    "confirm_session",
    "correct_name",
    "end_elevation",
    "end_membership",
    "end_session",
    "erase_again",
    "erase_person",
    "find_organisations",
    "found_market",
    "found_organisation",
    "get_organisation",
    "get_personal_data",
    "get_self",
    "give_code",
    "give_token",
    "grant_qualification",
    "intend_act",
    "invite_again",
    "invite_person",
    "issue_key",
    "jump_to_next",
    "list_clients",
    "list_deputies",
    "list_elevations",
    "list_erased",
    "list_identities",
    "list_intended_acts",
    "list_keys",
    "list_organisations",
    "list_people",
    "list_sessions",
    "move_clock",
    "note_uses",
    "prove",
    "read_clock",
    "refuse_act",
    "register_client",
    "register_organisation",
    "return_from",
    "review_elevation",
    "revoke_client",
    "revoke_deputy",
    "revoke_key",
    "rotate_client_secret",
    "rotate_key",
    "run_clock",
    "run_clock_at",
    "see_clock",
    "set_by_two",
    "set_contact",
    "set_login",
    "set_second_factor",
    "sign_in",
    "suspend_organisation",
    "take_elevation",
    "under_elevation",
    "unlink_identity",
    "verify_organisation",
    "withdraw_invitation",
]
