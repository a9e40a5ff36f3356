"""Rows of identity as views."""

from __future__ import annotations

from techmarket.identity import rules
from techmarket.identity.tables import Organisation
from techmarket.identity.views import OrganisationView


def view_of(org: Organisation) -> OrganisationView:
    warned = org.uscc is not None and not rules.uscc_checksum_is_right(org.uscc)
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
        ("identity.uscc_checksum",) if warned else (),
        org.node_id,
    )
