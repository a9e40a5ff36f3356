"""Take one guard of revenue after the other out of the code and see that its tests notice: part of `make mutants`."""

from __future__ import annotations

import sys

from tests.trading.mutants import Mutant, main

RULES, TABLES, STATEMENT, REWORK, CUMULATE, UNIT = (
    f"test_{name}.py" for name in ("rules", "schemes", "statement", "reworking", "cumulating", "unwinding")
)
SERVICE, PAY, BACK, HOLDS, INCOME = (
    "test_service.py",
    "test_distributing.py",
    "test_reversing.py",
    "test_holds.py",
    "test_incomes.py",
)


def mutants(path: str, tests: tuple[str, ...], *pairs: tuple[str, str]) -> list[Mutant]:
    return [Mutant(path, guard, weakened, tests, "revenue") for guard, weakened in pairs]


def single(file: str, name: str) -> tuple[str, ...]:
    """One test alone, where a whole file would take long."""
    return (f"{file}::test_{name}",)


PURE = [
    *mutants(
        "schemes.py",
        (RULES, CUMULATE),
        ("if not groups or len(set(groups)) != len(groups):", "if not groups:"),
        ("if any(share.weight <= 0 for share in table.groups):", "if False:"),
        ("if len(set(keys)) != len(keys):", "if False:"),
        ("if any(person.weight < 0 for person in share.people):", "if False:"),
        ("if share.people and not any(person.weight for person in share.people):", "if False:"),
        ("if table.rate is not None and not 0 < table.rate <= 1:", "if False:"),
        ("if groups != [Group.MAIN]:", "if False:"),
        ("if weight < norm.rate * whole:", "if False:"),
        ("if floors and agreed < floors[0].rate:", "if False:"),
        (" if is_government else []", ""),
        ('n.binding in ("gap_filling", "default")', "True"),
    ),
    *mutants(
        "splitting.py",
        (RULES, CUMULATE),
        ("while parts[position] < least:", "while False:"),
        ("if not spare:", "if False and not spare:"),
        ("if any(person.weight > 0 and part == 0", "if False and any(person.weight > 0 and part == 0"),
        ("    if not all(parts):", "    if False:"),
        (
            "floor = apply_rate(shared + reward, norm.rate, Rounding.UP)",
            "floor = apply_rate(shared + reward, norm.rate)",
        ),
    ),
    *mutants(
        "rules.py",
        (RULES, CUMULATE),
        ("    if base <= 0:", "    if False:"),
        ("    if not case.receipts:", "    if False:"),
        (
            "reward = max(0, apply_rate(whole, rate, Rounding.UP) - before",
            "reward = max(0, apply_rate(whole, rate) - before",
        ),
        ("if total < apply_rate(whole, floor.rate, Rounding.UP):", "if False:"),
    ),
    *mutants(
        "reliefs.py",
        (RULES,),
        (
            "ratio if case.is_registered and case.pay_on <= ends_on else None",
            "ratio if case.pay_on <= ends_on else None",
        ),
        ("ratio if case.is_registered and case.pay_on <= ends_on else None", "ratio if case.is_registered else None"),
        ("or case.mode not in SALE_MODES or case.table.basis is Basis.TITLE:", ":"),
    ),
    *mutants(
        "reworking.py",
        (
            REWORK + "::test_what_a_reworked_line_gets_more_is_the_units_and_the_floors_of_the_reward_stay",
            REWORK + "::test_a_rework_that_takes_a_part_below_its_floor_is_refused_and_says_which",
            REWORK + "::test_nobody_is_named_twice_in_a_rework",
        ),
        ("    if more > unit_minor:", "    if False:"),
        ("if len({line.key for line in new}) != len(new) or", "if"),
        ("    if given < least:", "    if False:"),
    ),
    *mutants(
        "unit_rules.py",
        (
            TABLES + "::test_the_staff_is_heard_then_it_is_published_then_it_holds",
            TABLES + "::test_a_government_unit_s_rule_stays_above_every_floor_and_an_enterprise_s_need_not",
            TABLES + "::test_a_rule_on_development_income_speaks_of_every_mode",
            TABLES + "::test_a_scale_by_cumulative_net_income_stands_in_the_place_of_a_rate",
            TABLES + "::test_the_first_tier_and_the_groups_of_a_scale_keep_the_floors",
        ),
        ("if not known.heard_on <= known.published_on <= draft.effective_from:", "if False:"),
        ("if Mode.OTHER in draft.rates and set(draft.modes) != set(Mode):", "if False:"),
        ("check_table_against(table, mode=mode, is_government=is_government, norms=held)", "pass"),
        ("    if set(scale.modes) & set(rates):", "    if False:"),
        ("if len(set(begins)) != len(begins):", "if False:"),
        ("scale.tiers.values()) > 1:", "scale.tiers.values()) > 9:"),
        ("for mode in scale.modes if is_government else ():", "for mode in ():"),
        ("            check_sub_floors(Table(shares), norms[mode])", "            pass"),
    ),
    *mutants(
        "statement.py",
        (STATEMENT,),
        (
            'if row["kind"] != LOGGED_KIND or f"distribution:{said[\'distribution_id\']}" not in row["refs"]:',
            "if False:",
        ),
        ('if facts["computation_sha256"] != said["computation_sha256"]:', "if False:"),
        ('or not (said["lines"] or said["reworked"]):', ":"),
        ('if row["kind"] != REWORK_KIND or not about <= set(row["refs"]):', "if False:"),
        ('    if not said["lines"] and not whole:', "    if False:"),
        ("    if found != [line[1:] for line in shown]:", "    if False:"),
        ("        if given != computed:", "        if False:"),
        ("    if amount != due:", "    if False:"),
        ("    if [step.document() for step in done.steps] != steps:", "    if False:"),
        ("    if [flag.document() for flag in done.flags] != flags:", "    if False:"),
        ('if [step.document() for step in as_paid.steps if step.name == WAGE_STEP] != one["steps"]:', "if False:"),
        ('if [flag.document() for flag in as_paid.flags] != one["flags"]:', "if False:"),
    ),
    *mutants(
        "proving.py",
        (STATEMENT,),
        ("fits = len(salt) == SALT_SIZE and 1 <= n <= size", "fits = True"),
    ),
]

PAYING = [
    *mutants(
        "service/paying.py",
        single(SERVICE, "nothing_is_paid_under_a_table_that_one_completer_has_not_signed"),
        ("    if table.state is not TableState.SIGNED:", "    if False:"),
    ),
    *mutants(
        "service/paying.py",
        single(PAY, "a_payment_waits_for_a_table_that_is_being_replaced_and_is_then_refused"),
        (
            "table = await repository.lock_table(db, row.share_table_id)",
            "table = await repository.get_table(db, row.share_table_id)",
        ),
        ("    if table.state is TableState.REPLACED:", "    if False:"),
    ),
    *mutants(
        "service/paying.py",
        single(PAY, "a_payment_and_a_reversal_at_once_never_both_happen"),
        (
            "repository.lock_distribution(db, distribution_id))\n        require(actor, policy.PAY",
            "repository.get_distribution(db, distribution_id))\n        require(actor, policy.PAY",
        ),
    ),
    *mutants(
        "service/paying.py",
        single(PAY, "payment_waits_for_the_end_of_the_reward_list"),
        ("await notices.require_cleared(db, row.notice_id, await clock.market_now(db))", "pass"),
    ),
    *mutants(
        "service/paying.py",
        single(SERVICE, "an_objection_holds_only_the_line_it_names_until_it_is_decided"),
        ("waits = line.n in standing.objected or (", "waits = ("),
    ),
    *mutants(
        "service/paying.py",
        single(HOLDS, "whoever_disputes_holds_her_own_share_at_once_and_only_the_market_decides_against_her"),
        (
            "waits = line.n in standing.objected or (hold is not None and hold.state in LIVE_HOLDS)",
            "waits = line.n in standing.objected",
        ),
    ),
    *mutants(
        "service/paying.py",
        single(REWORK, "an_upheld_line_is_reworked_alone_while_the_others_are_paid"),
        (" and line.n in standing.ended]", "]"),
    ),
    *mutants(
        "service/paying.py",
        single(UNIT, "a_payout_on_its_way_holds_up_no_refund_and_its_answer_finishes_the_line"),
        (
            "                await reclaim(db, row, [line], cause=await claiming.why_reversed(db, row.id))",
            "                pass",
        ),
        (
            "            await give_line_back(db, row, line, payout.minor)\n            return True",
            "            return True",
        ),
        ("            await give_line_back(db, row, line, payout.minor)\n        elif", "        elif"),
        ("            await settle_by_return(db, row.unit_id, line)", "            line.payout_id = None"),
    ),
    *mutants(
        "service/paying.py",
        single(BACK, "by_escrow_the_unit_s_book_tells_what_left_and_a_payout_that_comes_back_opens_its_line"),
        (").channel is not Channel.PAYROLL:", ").channel is None:"),
        ("            await spent_by_market(db, row.unit_id, line)", "            pass"),
    ),
    *mutants(
        "service/funding.py",
        (
            BACK + "::test_what_was_paid_in_for_lines_that_are_set_off_goes_back_to_the_unit_with_the_last_line",
            BACK + "::test_what_the_unit_paid_in_for_a_distribution_that_is_taken_back_goes_back_to_it",
        ),
        ("came_in - spent - given", "came_in - given"),
    ),
    *mutants(
        "service/claims.py",
        (
            UNIT + "::test_a_payout_on_its_way_holds_up_no_refund_and_its_answer_finishes_the_line",
            BACK + "::test_money_paid_back_settles_a_claim_and_no_more_than_is_owed_is_taken",
            BACK + "::test_who_owes_back_reads_it_and_nobody_else_does",
        ),
        (
            "if minor > left:\n            raise errors.NothingToRepay",
            "if False:\n            raise errors.NothingToRepay",
        ),
        (
            "if minor > left:\n            raise errors.NothingToGiveBack",
            "if False:\n            raise errors.NothingToGiveBack",
        ),
        ("person_id=None if sees_all or sees_unit else actor.person,", "person_id=None,"),
    ),
]

TAKING_BACK = [
    *mutants(
        "service/reversing.py",
        single(BACK, "taking_back_what_was_only_instructed_restores_every_balance"),
        ("        if gone and not claw_back:", "        if False:"),
        (
            "        await settlement.stop_payouts(db, [_payout_of(line) for line in instructed], actor=actor)",
            "        pass",
        ),
        ("    await repository.free_books(db, row.id)", "    pass"),
    ),
    *mutants(
        "service/reversing.py",
        single(BACK, "what_the_bank_was_told_to_pay_is_not_taken_back_before_its_answer"),
        ("    if late and waits:", "    if False:"),
    ),
    *mutants(
        "service/reversing.py",
        single(INCOME, "shares_are_split_as_parts_of_the_capital_and_given_by_registration_not_by_payroll"),
        ("    if registered:", "    if False:"),
    ),
    *mutants(
        "service/reversing.py",
        single(BACK, "two_reversals_at_once_make_one_claim_per_line"),
        ("seen(actor, await repository.lock_distribution(", "seen(actor, await repository.get_distribution("),
    ),
    *mutants(
        "service/reversing.py",
        single(BACK, "what_the_unit_paid_in_for_a_distribution_that_is_taken_back_goes_back_to_it"),
        ("        await give_rest_back(db, row, row.fund_due_id, actor)", "        pass"),
    ),
    *mutants(
        "service/reversing.py",
        single(REWORK, "a_rework_is_published_only_signed_and_an_objection_to_it_holds_its_own_line"),
        ("            await end_rework(db, rework, actor)", "            pass"),
    ),
    *mutants(
        "service/unwinding.py",
        single(UNIT, "a_refunded_due_is_no_income_and_what_was_paid_of_it_is_owed_back"),
        ("row for row in known if row.withdrawn_at is None]", "row for row in known]"),
    ),
    *mutants(
        "service/unwinding.py",
        single(UNIT, "of_a_void_contract_nothing_counts"),
        ("    require(actor, policy.UNWIND)", "    pass"),
    ),
    *mutants(
        "service/stating.py",
        single(SERVICE, "nobody_reads_anothers_statement_nor_one_that_is_not_published"),
        ("    if actor.person_id != person_id:", "    if False:"),
        (" or row.notice_id is None:", ":"),
    ),
    *mutants(
        "service/stating.py",
        single("test_stating.py", "a_line_paid_when_another_part_counted_as_wage_is_computed_as_it_was_paid"),
        ('        **({"paid_otherwise": list(part.paid_otherwise)} if part.paid_otherwise else {}),\n', ""),
    ),
    *mutants(
        "repository/__init__.py",
        single(BACK, "a_statement_stays_readable_when_its_distribution_was_taken_back"),
        ("Distribution.notice_id.is_not(None))", "Distribution.id.is_not(None))"),
        (".filter(DistributionLine.state.not_in(GONE))", ""),
    ),
]

AGREEING = [
    *mutants(
        "service/tabling.py",
        single(PAY, "the_last_signature_waits_for_a_table_that_is_being_replaced_and_is_then_refused"),
        (
            "row = await seen_table(db, actor, await repository.lock_table(db, table_id))\n        signers",
            "row = await seen_table(db, actor, await repository.get_table(db, table_id))\n        signers",
        ),
    ),
    *mutants(
        "service/tabling.py",
        single(SERVICE, "who_signed_what_stands_is_asked_again_although_the_unit_has_struck_her_off"),
        ("_signers([*makers, *consented], table)", "_signers([*makers], table)"),
    ),
    *mutants(
        "service/tabling.py",
        single(SERVICE, "a_completer_left_out_of_the_table_must_sign_it_all_the_same"),
        ("_signers([*makers, *consented], table)", "_signers([*consented], table)"),
    ),
    *mutants(
        "service/tabling.py",
        single(SERVICE, "a_signed_table_stands_until_the_next_is_signed_by_all_and_then_pays_nothing"),
        ("    if not holds.all_consent(required, signed, excused):", "    if False:"),
        ("row.unit_id, [TableState.SIGNED]):", "row.unit_id, []):"),
    ),
    *mutants(
        "service/tabling.py",
        single(SERVICE, "to_the_buyer_and_to_strangers_the_sharing_does_not_exist"),
        ("if actor.person_id is None or await repository.find_person", "if False and await repository.find_person"),
    ),
    *mutants(
        "service/holding.py",
        (HOLDS,),
        ("    if neutral and not actor.is_market:", "    if False:"),
        ("    if actor.person in (first, hold.person_id):", "    if False:"),
        ("if reason is HoldReason.LEFT and await _is_here(db, row.unit_id, person_id):", "if False:"),
        ("if confirmed and hold.answer_by is not None and now < hold.answer_by:", "if False:"),
        ("if reason is HoldReason.REFUSES and await _has_signed(db, row, person_id):", "if False:"),
        ("    if await holding.find_live(db, row.id, person_id) is not None:", "    if False:"),
    ),
    *mutants(
        "service/ruling.py",
        (TABLES + "::test_a_published_rule_adopted_by_a_second_officer_gives_its_rate_to_the_tables_that_follow_it",
         TABLES + "::test_no_rule_begins_in_the_past_behind_the_back_of_those_who_signed"),
        ("        if actor.person == row.drafted_by:", "        if False:"),
        ("        if actor.org_id != row.unit_id:", "        if False:"),
        ("        await _require_nobody_signed_otherwise(db, row)", "        pass"),
    ),
    *mutants(
        "service/distributing.py",
        single(PAY, "one_income_is_in_one_distribution_also_when_many_are_drafted_at_once"),
        ("        one.distribution_id = row.id", "        pass"),
    ),
    *mutants(
        "repository/booking.py",
        single(PAY, "one_income_is_in_one_distribution_also_when_many_are_drafted_at_once"),
        (
            "        .order_by(Income.received_on, Income.id)\n        .with_for_update()\n",
            "        .order_by(Income.received_on, Income.id)\n",
        ),
    ),
    *mutants(
        "service/reworking.py",
        single(REWORK, "two_reworks_do_not_spend_the_unit_s_part_twice"),
        ('        await _check(db, row, document["share_table_sha256"], old, all_lines, given)', "        pass"),
    ),
    *mutants(
        "service/reworking.py",
        single(REWORK, "an_upheld_line_is_reworked_alone_while_the_others_are_paid"),
        ("    if str(n) not in upheld or old.state", "    if old.state"),
        ("    if actor.person_id is None or actor.person_id not in await _signers(db, rework):", "    if False:"),
    ),
    *mutants(
        "service/books.py",
        single(UNIT, "what_was_refunded_before_it_was_taken_as_income_is_none_and_its_returned_fee_no_cost"),
        ("            if minor == 0 or not stands:", "            if minor == 0:"),
    ),
    *mutants(
        "service/books.py",
        single(SERVICE, "a_cost_counts_once_and_is_withdrawn_only_while_it_is_open"),
        ("        if cost.distribution_id is not None:", "        if False:"),
        ("        if cost.due_id is not None:", "        if False:"),
    ),
    *mutants(
        "policy.py",
        single(SERVICE, "to_the_buyer_and_to_strangers_the_sharing_does_not_exist"),
        ("actor.org_id is not None and actor.org_id == unit and bool", "actor.org_id is not None and bool"),
    ),
    *mutants(
        "policy.py",
        single(SERVICE, "nobody_reads_anothers_statement_nor_one_that_is_not_published"),
        (" and bool(actor.roles & OFFICERS)", ""),
    ),
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(main([*PURE, *PAYING, *TAKING_BACK, *AGREEING], sys.argv[1:]))
