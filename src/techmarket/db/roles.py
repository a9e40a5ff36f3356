"""Who may do what in the database itself (数据库角色): the owner lays the tables, the application works in them.

The application connects as a role that owns nothing. It cannot change the schema, lift a trigger, empty a table, or
change and remove rows that stand for good, whatever a hole in its code may let somebody try. Every table is of one of
the kinds below; its grant comes with the migration that makes it, and a test compares the two. A table that nobody
thought of may be read and added to, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

OWNER_ROLE = "techmarket"
APP_ROLE = "techmarket_app"


class Kind(Enum):
    """What the application may do with the rows of a table."""

    FOR_GOOD = ("INSERT", "SELECT")  # what was written stays as it was written: journal, log, ledger, texts, bids
    KEPT = ("INSERT", "SELECT", "UPDATE")  # things with a life: they change, none is ever removed
    PASSING = ("DELETE", "INSERT", "SELECT", "UPDATE")  # drafts, queues, what is kept for a while or made anew
    READ = ("SELECT",)  # the owner's alone


_TABLES: Mapping[Kind, str] = {
    Kind.FOR_GOOD: """
achievement_version bid checkpoint cosignature document document_read document_withdrawal final_bid
journal_entry journal_position journal_span listing_item listing_review listing_version lot_scores lot_turn notice_entry
notice_lengthening notice_posting notice_version objection_evidence opened_envelope participant_opinion
score_sheet signatory signature text trade_act transfer tree_node
""",
    Kind.KEPT: """
access_request account achievement administrator_recovery api_key approval attestation award bank_day bank_line
bank_statement blind_consent certificate certificate_counter client_secret commitment consortium_member contract
contract_achievement contract_attestation contract_breach contract_change contract_clearance contract_counter
contract_deadline contract_paper contract_party contract_signature contract_version cost credential_use
data_room deposit deputyship disclosure_grant distribution distribution_line distribution_proof due elevation
encumbrance evaluation external_id external_organisation fee_share feed_item first_refusal_claim
foreign_release hold import_job import_line import_mapping import_run income intended_act invitation invoice
line_rework line_rework_proof listing lot machine_client match_feedback match_profile membership money_act nda
nda_text node node_tenure notice objection organisation panel_seat participant payout person plan_line published_key
qualification question registration registration_correction release_hold relief_flag reward_claim
reward_claim_entry reward_term room_folder royalty_correction royalty_report rule rule_proposal sale_consent
saved_search scenario_list search_alert seat settlement_account share_hold share_table share_table_person
signature_order signing signing_authority statement_entry syndicated_listing syndication_source talk_offer
trade trade_number unit_rule vesting vesting_grantee webhook webhook_secret work_day work_year
""",
    Kind.PASSING: """
achievement_claim alert_cursor blind_match completer envelope evidence feed_shown file idempotency_key
intellectual_right journal_mark journal_reader journal_waiting listing_vector lot_sealing mail mail_address
match_answer match_model node_region notice_pause notification notification_preference opening_officer
outside_identity outside_sign_in owner_share person_login rate_allowance recovery_code registration_item
reminder scenario_list_item search_block search_column search_document search_granted search_number
search_phrase search_set_aside search_state search_term session sign_in_tries vector_model webhook_attempt
webhook_delivery pgqueuer pgqueuer_log pgqueuer_schedules pgqueuer_statistics
""",
    Kind.READ: """
alembic_version journal_log market_clock
""",
}
KINDS: Mapping[str, Kind] = {table: kind for kind, tables in _TABLES.items() for table in tables.split()}
COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "market_clock": {"UPDATE": ("ahead", "rate", "since")},
    "transfer": {"UPDATE": ("at",)},
}
"""Beyond the kind, column by column. A sandbox's clock is moved by the application; that a market is a sandbox, which
alone lets its clock be moved, is said by the owner when it is founded. Rows are locked only by whoever may change some
column of them: of a transfer that is one, and the trigger, which the application cannot lift, lets even that be."""

_GRANTS = text("""
SELECT c.relname AS name, coalesce(array_agg(a.privilege_type::text ORDER BY a.privilege_type::text)
         FILTER (WHERE a.privilege_type IS NOT NULL), '{}') AS held
  FROM pg_class c
  LEFT JOIN LATERAL aclexplode(c.relacl) a ON a.grantee = (SELECT oid FROM pg_roles WHERE rolname = :app)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1
""")
_HERE = text("""
SELECT current_user::text AS role, r.rolsuper AS is_superuser, r.rolcreaterole AS makes_roles,
       r.rolcreatedb AS makes_databases,
       r.rolreplication AS replicates, has_schema_privilege('public', 'CREATE') AS lays_tables,
       EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
               AND pg_has_role(c.relowner, 'USAGE')) AS owns,
       ARRAY(SELECT c.relname::text FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:for_good)
             AND (has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')) ORDER BY 1) AS may_change,
       current_setting('data_checksums') AS data_checksums, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes,
       current_setting('synchronous_commit') AS synchronous_commit
  FROM pg_roles r WHERE r.rolname = current_user
""")


def wanted(table: str) -> tuple[str, ...]:
    """What the application holds on a table; one that nobody thought of may be read and added to."""
    held: tuple[str, ...] = KINDS.get(table, Kind.FOR_GOOD).value
    return held


async def drift(db: AsyncSession) -> dict[str, tuple[list[str], tuple[str, ...]]]:
    """The tables on which the application holds more or less than it should: what it holds, what it should hold."""
    rows = (await db.execute(_GRANTS, {"app": APP_ROLE})).all()
    return {row.name: (row.held, wanted(row.name)) for row in rows if tuple(row.held) != wanted(row.name)}


async def settle(db: AsyncSession) -> list[str]:
    """As the owner: put the grants right where they differ, after a load without them, say; returns which differed.

    Nobody may make temporary tables, which could stand before the market's own under their names.
    """
    wrong = await drift(db)
    for table, (_, right) in wrong.items():
        await db.execute(text(f'REVOKE ALL ON "{table}" FROM {APP_ROLE}'))
        await db.execute(text(f'GRANT {", ".join(right)} ON "{table}" TO {APP_ROLE}'))
        for what, columns in COLUMNS.get(table, {}).items():
            await db.execute(text(f'GRANT {what} ({", ".join(columns)}) ON "{table}" TO {APP_ROLE}'))
    is_open = text(
        "SELECT quote_ident(current_database()) WHERE has_database_privilege('public', current_database(), 'TEMP')"
    )
    name = (await db.execute(is_open)).scalar_one_or_none()
    if name is not None:
        await db.execute(text(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC"))
    return list(wrong)


async def unfit(db: AsyncSession) -> list[str]:
    """What of this connection's role, and of how the server keeps what it acknowledged, a market cannot rely on."""
    for_good = [table for table, kind in KINDS.items() if kind is Kind.FOR_GOOD]
    here = (await db.execute(_HERE, {"for_good": for_good})).one()
    found = []
    if here.is_superuser or here.makes_roles or here.makes_databases or here.replicates:
        found.append(f"the role {here.role} administers the server; the market runs as {APP_ROLE}")
    elif here.owns or here.lays_tables:
        found.append(f"the role {here.role} may change the schema; the market runs as {APP_ROLE}")
    elif here.may_change:
        names = ", ".join(here.may_change[:3])
        found.append(f"the role {here.role} may change what stands for good ({names}); techmarket migrate mends it")
    kept = {name: getattr(here, name) for name in ("data_checksums", "fsync", "full_page_writes")}
    found += [f"the server's {name} is {value}, not on" for name, value in kept.items() if value != "on"]
    if here.synchronous_commit == "off":
        found.append("the server's synchronous_commit is off: what it acknowledges may be lost")
    return found


async def may_build(db: AsyncSession) -> bool:
    """Whether this role may lay and drop tables: the search index is built anew by that."""
    return bool((await db.execute(text("SELECT has_schema_privilege('public', 'CREATE')"))).scalar_one())
