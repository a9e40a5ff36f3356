"""Rows of identity as views."""

from __future__ import annotations

from techmarket.identity import rules
from techmarket.identity.tables import Organisation
from techmarket.identity.views import OrganisationView


def view_of(org: Organisation, *, is_code_shared: bool = False) -> OrganisationView:
    """`is_code_shared` is for those who verify: another organisation says that its code is its own."""
    warned = org.uscc is not None and not rules.uscc_checksum_is_right(org.uscc)
    warnings = (("identity.uscc_checksum",) if warned else ()) + (("identity.uscc_shared",) if is_code_shared else ())
    return OrganisationView(
        org.id,
        org.kind,
        org.name,
        org.name_en,
        org.uscc,
        org.region,
        org.state,
        org.government_established,
        org.applies_local_rules,
        warnings,
        org.node_id,
    )
