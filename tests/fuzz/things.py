"""What there is in a market, by the names under which operations ask for it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from techmarket.db.means import Means

EACH_MAX = 6
ALIASES: Mapping[str, tuple[str, ...]] = {
    "access_request": ("request_id",),
    "api_key": ("key_id",),
    "bank_line": ("line_id",),
    "bank_statement": ("statement_id",),
    "contract_breach": ("breach_id",),
    "contract_change": ("change_id",),
    "disclosure_grant": ("grant_id",),
    "distribution_line": ("line_id",),
    "import_job": ("import_id",),
    "journal_entry": ("entry_id",),
    "line_rework": ("rework_id",),
    "listing": ("other_id", "subject_id"),
    "machine_client": ("client_id",),
    "match_answer": ("answer_id",),
    "money_act": ("act_id",),
    "organisation": ("org_id", "unit_id", "holder_organisation_id", "buyer_id", "principal_organisation_id"),
    "person": ("signatories", "completers"),
    "plan_line": ("line_id",),
    "reward_claim": ("claim_id",),
    "royalty_report": ("report_id",),
    "rule_proposal": ("proposal_id",),
    "sale_consent": ("consent_id",),
    "saved_search": ("search_id",),
    "scenario_list": ("list_id",),
    "share_hold": ("hold_id",),
    "signature_order": ("order_id",),
    "signing_authority": ("authority_id",),
    "talk_offer": ("offer_id",),
    "trade": ("previous_trade_id",),
    "webhook_delivery": ("delivery_id",),
}


async def things_of(means: Means) -> dict[str, list[str]]:
    """Ids by the name of the parameter or member that asks for such a thing: the newest of each kind."""
    found: dict[str, list[str]] = {}
    async with means.tx.read() as db:
        tables = await db.execute(
            text(
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND column_name = 'id' AND data_type = 'uuid'"
            )
        )
        for table in tables.scalars().all():
            rows = await db.execute(text(f'SELECT id FROM "{table}" ORDER BY id DESC LIMIT {EACH_MAX}'))
            ids = [str(one) for one in rows.scalars()]
            for name in (f"{table}_id", f"{table}_ids", *ALIASES.get(table, ())):
                found.setdefault(name, []).extend(ids)
    return found
