"""The application is another role than the owner of the tables: it may work in them, and not change what they are.

The role may be there already, made by whoever runs the server, with its password; else it is made here and cannot log
in until it gets one. Tables of later migrations can be read and added to; each grants what its kind needs beyond that.
"""

from __future__ import annotations

from alembic import op

revision = "0106_database_roles"
down_revision = "0105_journal_marks"
branch_labels = None
depends_on = None

APP = "techmarket_app"
FOR_GOOD = """
achievement_version bid checkpoint cosignature document document_read document_withdrawal final_bid
journal_entry journal_position listing_item listing_review listing_version lot_scores lot_turn notice_entry
notice_lengthening notice_posting notice_version objection_evidence opened_envelope participant_opinion
score_sheet signatory signature text trade_act transfer tree_node
"""
KEPT = """
access_request account achievement api_key approval attestation award bank_day bank_line bank_statement
blind_consent certificate certificate_counter client_secret commitment consortium_member contract
contract_achievement contract_attestation contract_breach contract_change contract_clearance contract_counter
contract_deadline contract_paper contract_party contract_signature contract_version cost credential_use
data_room deposit deputyship disclosure_grant distribution distribution_line distribution_proof due elevation
encumbrance evaluation external_id external_organisation fee_share feed_item first_refusal_claim
foreign_release hold import_job import_line import_mapping import_run income intended_act invitation invoice
line_rework line_rework_proof listing lot machine_client match_feedback match_profile membership money_act nda
nda_text node notice objection organisation panel_seat participant payout person plan_line published_key
qualification question registration registration_correction release_hold relief_flag reward_claim
reward_claim_entry reward_term room_folder royalty_correction royalty_report rule rule_proposal sale_consent
saved_search scenario_list search_alert seat settlement_account share_hold share_table share_table_person
signature_order signing signing_authority statement_entry syndicated_listing syndication_source talk_offer
trade trade_number unit_rule vesting vesting_grantee webhook webhook_secret work_day work_year
"""
PASSING = """
achievement_claim alert_cursor blind_match completer envelope evidence feed_shown file idempotency_key
intellectual_right journal_mark journal_reader journal_waiting listing_vector lot_sealing mail mail_address
match_answer match_model node_region notice_pause notification notification_preference opening_officer
outside_identity outside_sign_in owner_share person_login rate_allowance recovery_code registration_item
reminder scenario_list_item search_block search_column search_document search_granted search_number
search_phrase search_state search_term session sign_in_tries vector_model webhook_attempt webhook_delivery
pgqueuer pgqueuer_log pgqueuer_schedules pgqueuer_statistics
"""
READ = "alembic_version journal_log market_clock"

MAKE_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}') THEN
    BEGIN
      CREATE ROLE {APP} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
END $$
"""
# Seen in full only by those who may read all statistics; the application needs one number of it.
STANDBYS = """
CREATE FUNCTION standbys_waited_for() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') $$
"""


def upgrade() -> None:
    op.execute(MAKE_ROLE)
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APP}")
    for tables, what in (
        (FOR_GOOD, "SELECT, INSERT"),
        (KEPT, "SELECT, INSERT, UPDATE"),
        (PASSING, "SELECT, INSERT, UPDATE, DELETE"),
        (READ, "SELECT"),
    ):
        op.execute(f"GRANT {what} ON {', '.join(tables.split())} TO {APP}")
    op.execute(f"GRANT UPDATE (ahead, rate, since) ON market_clock TO {APP}")
    # To lock a row takes the right to change some column of it; the trigger lets even this one be.
    op.execute(f"GRANT UPDATE (at) ON transfer TO {APP}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {APP}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {APP}")
    op.execute(STANDBYS)


def downgrade() -> None:
    op.execute("DROP FUNCTION standbys_waited_for()")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {APP}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {APP}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {APP}")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {APP}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {APP}")
