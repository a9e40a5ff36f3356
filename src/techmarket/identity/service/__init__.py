"""What people do in identity, and how a caller is known: one module for each."""

from __future__ import annotations

from techmarket.identity.service.entering import authenticate, authenticate_for
from techmarket.identity.service.keys import issue_key, list_keys, note_uses, revoke_key, rotate_key
from techmarket.identity.service.machines import (
    give_token,
    list_clients,
    register_client,
    revoke_client,
    rotate_client_secret,
)
from techmarket.identity.service.members import add_member, add_person, get_self, grant_qualification
from techmarket.identity.service.organisations import (
    found_market,
    found_organisation,
    get_organisation,
    list_organisations,
    register_organisation,
    suspend_organisation,
    verify_organisation,
)
from techmarket.identity.service.sandbox import move_clock, read_clock

__all__ = [
    "add_member",
    "add_person",
    "authenticate",
    "authenticate_for",
    "found_market",
    "found_organisation",
    "get_organisation",
    "get_self",
    "give_token",
    "grant_qualification",
    "issue_key",
    "list_clients",
    "list_keys",
    "list_organisations",
    "move_clock",
    "note_uses",
    "read_clock",
    "register_client",
    "register_organisation",
    "revoke_client",
    "revoke_key",
    "rotate_client_secret",
    "rotate_key",
    "suspend_organisation",
    "verify_organisation",
]
