"""Revenue through its services: consent, floors, books, statements, and who sees what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from techmarket.achievements import service as achievements
from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.permissions import NotAllowed
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import steps as ledger
from techmarket.notices import service as notices
from techmarket.revenue import errors, rules, service
from techmarket.revenue.case import Group, GroupShare, Share
from techmarket.revenue.lifecycle import DistributionState, LineState, TableState
from techmarket.revenue.reworking import NewLine
from techmarket.signing import errors as signing_errors
from tests.achievements.make import a_draft
from tests.identity.make import a_member, an_organisation
from tests.notices.make import move_to, shanghai
from tests.revenue.looking import after_the_notice, amounts, count, reload, states, together
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_published_distribution,
    a_signed_table,
    a_table,
    enter_costs,
    pay_and_release,
    receive_entry_fee,
    receive_royalty,
    sign,
)
from tests.settlement.make import sheet

# --- the whole way --------------------------------------------------------------------------------------------------


async def test_the_worked_example_goes_through_the_house_to_the_cent(tx, keys):
    licence = await a_licence(tx, keys)
    await receive_entry_fee(licence)
    await receive_royalty(licence)
    await enter_costs(licence)
    books = await service.get_books(tx, licence.unit.actor, licence.id)
    assert [row.amount.minor for row in books.income] == [600_000_00, 553_703_67]
    assert [row.amount.minor for row in books.costs if row.kind == "exchange_fee"] == [9_000_00, 8_305_56]
    await a_signed_table(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert (drafted.net_income.minor, drafted.reward.minor, drafted.unit_part.minor) == (
        1_115_163_12,
        780_614_19,
        334_548_93,
    )
    assert amounts(drafted) == [331_761_03, 199_056_62, 132_704_41, 39_030_71, 78_061_42]
    assert [term["ends_on"] for term in drafted.terms] == ["2026-09-20", "2029-03-20"]
    published = await service.publish_distribution(tx, licence.unit.actor, drafted.id, posted_sha256=POSTED)
    await move_to(tx, shanghai(2026, 7, 21))
    paid = await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert (paid.state, set(states(paid))) == (DistributionState.PAYABLE, {LineState.INSTRUCTED})
    book = ledger.book_of_unit(licence.unit.actor.org)
    assert await sheet(tx, book) == {"EXPENSE": -780_614_19, "PAYABLE": 780_614_19}
    for line in paid.lines:
        await service.confirm_payroll(tx, licence.unit.actor, line.id)
    assert await sheet(tx, book) == {"EXPENSE": -780_614_19, "BANK": 780_614_19}
    assert (await reload(licence, paid)).state is DistributionState.PAID
    books = await service.get_books(tx, licence.unit.actor, licence.id)
    assert (books.open_income.minor, books.open_costs.minor) == (0, 0)


async def test_an_objection_holds_only_the_line_it_names_until_it_is_decided(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    objection = await notices.file_objection(
        tx, licence.inventors[2].actor, published.notice_id, grounds="My part is too small.", lines=["3"]
    )
    await after_the_notice(licence)
    paid = await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert states(paid) == [LineState.INSTRUCTED] * 2 + [LineState.HELD] + [LineState.INSTRUCTED] * 2
    with pytest.raises(errors.NothingPayable) as refused:
        await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert refused.value.facts == {"held": 1}
    operator = licence.market["operator"].actor
    await notices.decide_objection(tx, operator, objection.id, upheld=False, reasons="The table was signed.")
    paid = await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert states(paid) == [LineState.INSTRUCTED] * 5
    assert await count(tx, "payout WHERE channel = 'PAYROLL'") == 5


async def test_an_upheld_objection_keeps_its_line_held(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    objection = await notices.file_objection(
        tx, licence.inventors[2].actor, published.notice_id, grounds="My part is too small.", lines=["3"]
    )
    operator = licence.market["operator"].actor
    await notices.decide_objection(tx, operator, objection.id, upheld=True, reasons="It is.")
    await after_the_notice(licence)
    paid = await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert states(paid)[2] is LineState.HELD


# --- consent --------------------------------------------------------------------------------------------------------


async def test_nothing_is_paid_under_a_table_that_one_completer_has_not_signed(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0, 1)
    assert (table.state, table.signed, table.required) == (TableState.SIGNING, 2, 3)
    published = await a_published_distribution(licence)
    await after_the_notice(licence)
    with pytest.raises(errors.TableNotSigned):
        await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert await count(tx, "payout WHERE channel = 'PAYROLL'") == 0
    assert (await reload(licence, published)).state is DistributionState.PUBLISHED
    await sign(licence, table, 2)
    assert set(states(await service.pay_distribution(tx, licence.unit.actor, published.id))) == {LineState.INSTRUCTED}


async def test_a_signature_under_other_bytes_or_a_second_one_is_refused(tx, keys):
    licence = await a_licence(tx, keys)
    table = await a_table(licence)
    with pytest.raises(signing_errors.WrongDocument):
        await service.sign_share_table(tx, licence.inventors[0].actor, table.id, document_sha256="00" * 32)
    await sign(licence, table, 0)
    with pytest.raises(signing_errors.SignedAlready):
        await sign(licence, table, 0)


async def test_the_same_table_drafted_again_is_another_text_and_asks_everybody_again(tx, keys):
    licence = await a_licence(tx, keys)
    first = await sign(licence, await a_table(licence), 0, 1)
    second = await a_table(licence)
    assert (second.n, second.signed, second.document_sha256 == first.document_sha256) == (2, 0, False)
    with pytest.raises(NotInThisState):
        await sign(licence, first, 2)
    assert (await service.get_share_table(tx, licence.unit.actor, first.id)).state is TableState.REPLACED


async def test_a_signed_table_stands_until_the_next_is_signed_by_all_and_then_pays_nothing(tx, keys):
    licence = await a_licence(tx, keys)
    first = await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await after_the_notice(licence)
    second = await sign(licence, await a_table(licence), 0, 1)
    assert (await service.get_share_table(tx, licence.unit.actor, first.id)).state is TableState.SIGNED
    assert (await sign(licence, second, 2)).state is TableState.SIGNED
    assert (await service.get_share_table(tx, licence.unit.actor, first.id)).state is TableState.REPLACED
    with pytest.raises(errors.TableReplaced):
        await service.pay_distribution(tx, licence.unit.actor, published.id)
    assert await count(tx, "payout WHERE channel = 'PAYROLL'") == 0
    await service.reverse_distribution(tx, licence.unit.actor, published.id)
    again = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert again.share_table_id == second.id


async def test_a_completer_left_out_of_the_table_must_sign_it_all_the_same(tx, keys):
    licence = await a_licence(tx, keys)
    whole = licence.table()
    main = replace(whole.groups[0], people=whole.groups[0].people[:2])
    table = await a_table(licence, replace(whole, groups=(main, *whole.groups[1:])))
    assert table.required == 3
    assert (await sign(licence, table, 0, 1)).state is TableState.SIGNING
    assert (await sign(licence, table, 2)).state is TableState.SIGNED


@pytest.mark.parametrize("on_contract", [True, False])
async def test_who_signed_what_stands_is_asked_again_although_the_unit_has_struck_her_off(tx, keys, on_contract):
    licence = await a_licence(tx, keys)
    unit, made = licence.unit.actor, licence.achievement_id
    if on_contract:
        await a_signed_table(licence)
    else:
        stands = await service.draft_share_table(tx, unit, contract_id=None, achievement_id=made, table=licence.table())
        await sign(licence, await service.open_signing(tx, unit, stands.id), 0, 1, 2)
    kept = tuple(who.actor.person for who in licence.inventors[:2])
    seen = await achievements.get_achievement(tx, unit, made)
    await achievements.amend_achievement(
        tx, unit, made, replace(a_draft(), completers=kept), sent=frozenset({"completers"}), if_match=seen.etag
    )
    whole = licence.table()
    main = replace(whole.groups[0], people=whole.groups[0].people[:2])
    table = await a_table(licence, replace(whole, groups=(main, *whole.groups[1:])))
    assert (table.required, (await sign(licence, table, 0, 1)).state) == (3, TableState.SIGNING)
    assert (await sign(licence, table, 2)).state is TableState.SIGNED


async def test_a_table_of_the_achievement_serves_its_contracts(tx, keys):
    licence = await a_licence(tx, keys)
    drafted = await service.draft_share_table(
        tx, licence.unit.actor, contract_id=None, achievement_id=licence.achievement_id, table=licence.table()
    )
    table = await service.open_signing(tx, licence.unit.actor, drafted.id)
    await sign(licence, table, 0, 1, 2)
    await receive_entry_fee(licence)
    assert (await service.draft_distribution(tx, licence.unit.actor, licence.id)).share_table_id == table.id


async def test_nobody_outside_and_nobody_unknown_is_put_into_a_table(tx, keys):
    licence = await a_licence(tx, keys)
    stranger = GroupShare(Group.MAIN, Decimal(85), (Share("0190a000-0000-7000-8000-000000000001", Decimal(1)),))
    with pytest.raises(errors.PersonUnknown):
        await a_table(licence, replace(licence.table(), groups=(stranger, *licence.table().groups[1:])))
    assert await count(tx, "share_table") == 0


# --- floors ---------------------------------------------------------------------------------------------------------


async def test_a_government_unit_below_its_floor_is_told_the_least_that_would_work(tx, keys):
    licence = await a_licence(tx, keys)
    with pytest.raises(errors.BelowFloor) as refused:
        await a_table(licence, licence.table(rate=Decimal("0.60")))
    assert refused.value.code == "revenue.below_floor"
    assert (refused.value.facts["least"], refused.value.facts["jurisdiction"]) == (Decimal("0.70"), "CN-33")
    assert await count(tx, "share_table") == 0


async def test_a_central_unit_that_does_not_apply_local_rules_may_share_60_percent(tx, keys):
    licence = await a_licence(tx, keys, applies_local_rules=False)
    await a_signed_table(licence, licence.table(rate=Decimal("0.60")))
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert (drafted.net_income.minor, drafted.reward.minor) == (591_000_00, 354_600_00)


async def test_an_enterprise_may_agree_on_a_tenth(tx, keys):
    licence = await a_licence(tx, keys, kind=OrgKind.ENTERPRISE)
    await a_signed_table(licence, licence.table(rate=Decimal("0.10")))
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert drafted.reward.minor == 59_100_00
    assert [line.wage_base for line in drafted.lines] == [line.amount for line in drafted.lines]


# --- books ----------------------------------------------------------------------------------------------------------


async def test_a_released_due_is_income_exactly_once_however_often_it_is_told(tx, keys):
    licence = await a_licence(tx, keys)
    (due_id,) = await pay_and_release(licence)
    done = await together(tx, *[service.take_released(tx, due_id) for _ in range(6)])
    assert sorted(done) == [False] * 5 + [True]
    assert (await count(tx, "income"), await count(tx, "cost")) == (1, 1)


async def test_a_cost_counts_once_and_is_withdrawn_only_while_it_is_open(tx, keys):
    licence = await a_licence(tx, keys)
    await enter_costs(licence)
    costs = {c.kind: c for c in (await service.get_books(tx, licence.unit.actor, licence.id)).costs}
    await service.withdraw_cost(tx, licence.unit.actor, costs["patent_fee"].id)
    await receive_entry_fee(licence)
    await a_signed_table(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert drafted.costs.minor == 9_000_00 + 346_11 + 18_888_88
    with pytest.raises(errors.CostCounted):
        await service.withdraw_cost(tx, licence.unit.actor, costs["valuation_fee"].id)
    books = await service.get_books(tx, licence.unit.actor, licence.id)
    fee = next(c for c in books.costs if c.kind == "exchange_fee")
    with pytest.raises(errors.FeeIsAFact):
        await service.withdraw_cost(tx, licence.unit.actor, fee.id)


async def test_a_cost_of_an_unknown_kind_and_one_of_the_market_itself_are_refused(tx, keys):
    licence = await a_licence(tx, keys)
    facts = {"minor": 1, "evidence": "x", "evidence_sha256": None, "incurred_on": date(2026, 3, 18)}
    for kind in ("banquet", "exchange_fee"):
        with pytest.raises(errors.CostUnknown):
            await service.add_cost(tx, licence.unit.actor, licence.id, kind=kind, **facts)
    assert await count(tx, "cost") == 0


async def test_income_that_costs_eat_up_stays_open_for_the_next_distribution(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    facts = {"evidence": "invoice", "evidence_sha256": None, "incurred_on": date(2026, 3, 18)}
    await service.add_cost(tx, licence.unit.actor, licence.id, kind="tax", minor=700_000_00, **facts)
    with pytest.raises(errors.NothingToShare):
        await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert await count(tx, "distribution") == 0
    await receive_royalty(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    assert drafted.net_income.minor == 1_153_703_67 - 17_305_56 - 700_000_00


# --- who sees what --------------------------------------------------------------------------------------------------


async def test_a_contributor_reads_her_own_statement_and_can_compute_it_again(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    for number, inventor in enumerate(licence.inventors):
        me = inventor.actor
        statement = await service.get_statement(tx, me, published.id, me.person)
        assert [line.amount for line in statement.lines] == [published.lines[number].amount]
        outcome = rules.recompute({"inputs": statement.inputs})
        mine = [line for line in outcome["lines"] if line["key"] == str(me.person)]
        assert [line["minor"] for line in mine] == [published.lines[number].amount.minor]
        others = {str(other.actor.person) for other in licence.inventors} - {str(me.person)}
        assert not any(other in str(statement) for other in others)
        page = await service.list_statements(tx, me, cursor=None, limit=20)
        assert [(card.distribution_id, card.amount) for card in page.items] == [
            (published.id, published.lines[number].amount)
        ]


async def test_nobody_reads_anothers_statement_nor_one_that_is_not_published(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    await receive_entry_fee(licence)
    drafted = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    anna, bert = (inventor.actor for inventor in licence.inventors[:2])
    with pytest.raises(NotFound):
        await service.get_statement(tx, anna, drafted.id, anna.person)
    await service.publish_distribution(tx, licence.unit.actor, drafted.id, posted_sha256=POSTED)
    await service.get_statement(tx, anna, drafted.id, anna.person)
    market = licence.market["operator"].actor
    for reader in (bert, licence.unit.actor, licence.buyer.actor, market):
        with pytest.raises(NotFound):
            await service.get_statement(tx, reader, drafted.id, anna.person)
    with pytest.raises(NotFound):
        await service.get_distribution(tx, anna, drafted.id)


async def test_a_statement_that_has_a_term_on_a_make_up_day_keeps_it(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    me = licence.inventors[0].actor
    terms = (await service.get_statement(tx, me, published.id, me.person)).terms
    assert [(term["name"], term["ends_on"], term["moved_to"]) for term in terms] == [
        ("reward_due", "2026-09-20", "2026-09-20"),
        ("iit_window", "2029-03-20", None),
    ]


async def test_to_the_buyer_and_to_strangers_the_sharing_does_not_exist(tx, keys):
    licence = await a_licence(tx, keys)
    table = await a_signed_table(licence)
    published = await a_published_distribution(licence)
    university = (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    anna, sha256 = licence.inventors[0].actor.person, table.document_sha256
    new = [NewLine(Group.MAIN, str(university.person), 1)]
    for reader in (licence.buyer.actor, university):
        for call in (
            service.get_books(tx, reader, licence.id),
            service.get_share_table(tx, reader, table.id),
            service.get_distribution(tx, reader, published.id),
            service.draft_distribution(tx, reader, licence.id),
            service.pay_distribution(tx, reader, published.id),
            service.confirm_payroll(tx, reader, published.lines[0].id),
            service.publish_distribution(tx, reader, published.id),
            service.reverse_distribution(tx, reader, published.id),
            service.draft_rework(tx, reader, published.id, 1, lines=new, reasons="Mine"),
            service.get_statement(tx, reader, published.id, anna),
            service.get_statement(tx, reader, published.id, reader.person),
            service.open_signing(tx, reader, table.id),
            service.sign_share_table(tx, reader, table.id, document_sha256=sha256),
            service.list_holds(tx, reader, table.id),
            service.dispute_share(tx, reader, table.id, grounds="Mine", evidence_sha256=None),
            service.list_unit_rules(tx, reader, licence.unit.actor.org),
            service.get_report(tx, reader, licence.unit.actor.org, 2026),
        ):
            with pytest.raises(NotFound):
                await call
        assert (await service.list_share_tables(
            tx, reader, contract_id=None, achievement_id=None, cursor=None, limit=20
        )).items == []  # fmt: skip


async def test_an_inventor_of_the_unit_does_not_pay_and_the_market_does_not_draft(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    officer = (await a_member(tx, licence.unit.actor, Role.LISTING_OFFICER)).actor
    with pytest.raises(NotAllowed):
        await service.pay_distribution(tx, officer, published.id)
    with pytest.raises(NotAllowed):
        await service.draft_distribution(tx, licence.market["operator"].actor, licence.id)
    with pytest.raises(NotFound):
        await service.pay_distribution(tx, licence.inventors[0].actor, published.id)
    assert Money(0) not in [line.amount for line in (await reload(licence, published)).lines]
