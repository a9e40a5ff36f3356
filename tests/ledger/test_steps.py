"""The ledger on a real database: what it moves, what it refuses, and what the database alone would refuse."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db.session import Tx, make_engine
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.ledger import errors, steps
from techmarket.ledger.steps import Holding, HoldState, Posting, Purpose
from tests.identity.make import an_organisation
from tests.ledger.make import a_reason, an_escrow, balanced, balances

WHY = Ref("sample", new_id())


@pytest.fixture
async def three(tx):
    """The escrow of one organisation with 1000 fen, of another with nothing, and the bank."""
    first, second = (await an_organisation(tx)).actor.org, (await an_organisation(tx)).actor.org
    async with tx.begin() as db:
        return (
            await an_escrow(db, first, 1000),
            await an_escrow(db, second),
            await steps.account(db, purpose=Purpose.BANK),
        )


async def test_an_account_is_opened_once_however_many_ask_for_it_at_once(tx):
    owner = (await an_organisation(tx)).actor.org

    async def ask():
        async with tx.begin() as db:
            return await steps.account(db, purpose=Purpose.ESCROW, owner=owner, subject=WHY)

    assert len(set(await asyncio.gather(*[ask() for _ in range(20)]))) == 1
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM account"))).scalar_one() == 1


async def test_a_transfer_moves_money_and_says_why(tx, three):
    rich, poor, bank = three
    async with tx.begin() as db:
        made = await steps.post(db, debit=rich, credit=poor, minor=300, why=WHY, code="sample.moved")
    assert await balances(tx, rich, poor, bank) == [(700, 700), (300, 300), (-1000, -1000)]
    async with tx.read() as db:
        row = (await db.execute(text("SELECT * FROM transfer WHERE id = :id"), {"id": made})).one()
    assert (row.book, row.minor, row.why, row.code, row.reverses) == ("market", 300, str(WHY), "sample.moved", None)
    assert await balanced(tx)


async def test_too_much_is_refused_and_nothing_changes(tx, three):
    rich, poor, bank = three
    with pytest.raises(errors.Insufficient):
        async with tx.begin() as db:
            await steps.post_many(
                db, [Posting(rich, poor, 600, WHY, "sample"), Posting(rich, poor, 600, WHY, "sample")]
            )
    assert await balances(tx, rich, poor, bank) == [(1000, 1000), (0, 0), (-1000, -1000)]


async def test_an_account_nobody_knows_is_not_found(tx, three):
    with pytest.raises(NotFound):
        async with tx.begin() as db:
            await steps.post(db, debit=three[0], credit=new_id(), minor=1, why=WHY, code="sample")


async def test_a_hold_sets_money_aside_and_its_end_frees_what_is_not_posted(tx, three):
    rich, poor, bank = three
    async with tx.begin() as db:
        held = await steps.hold(db, source=rich, target=poor, minor=400, why=WHY)
    assert await balances(tx, rich) == [(1000, 600)]
    with pytest.raises(errors.Insufficient):
        async with tx.begin() as db:
            await steps.post(db, debit=rich, credit=poor, minor=601, why=WHY, code="sample")
    async with tx.begin() as db:
        await steps.post_hold(db, held, minor=150)
        assert (await steps.get_hold(db, held)).state is HoldState.POSTED
    assert await balances(tx, rich, poor, bank) == [(850, 850), (150, 150), (-1000, -1000)]
    for act in (steps.post_hold, steps.void_hold):
        with pytest.raises(NotInThisState):
            async with tx.begin() as db:
                await act(db, held)
    assert await balanced(tx)


async def test_a_hold_may_be_posted_to_another_account_or_freed_whole(tx, three):
    rich, poor, bank = three
    async with tx.begin() as db:
        deposits = await steps.account(db, purpose=Purpose.DEPOSITS, subject=WHY)
        one = await steps.hold(db, source=rich, target=deposits, minor=1000, why=WHY)
    async with tx.begin() as db:
        await steps.post_hold(db, one, minor=250, credit=poor)
    assert await balances(tx, rich, poor, deposits) == [(750, 750), (250, 250), (0, 0)]
    async with tx.begin() as db:
        two = await steps.hold(db, source=rich, target=deposits, minor=750, why=WHY)
        await steps.void_hold(db, two)
    assert await balances(tx, rich, bank) == [(750, 750), (-1000, -1000)]


async def test_no_more_is_posted_than_was_held(tx, three):
    rich, poor, _ = three
    async with tx.begin() as db:
        held = await steps.hold(db, source=rich, target=poor, minor=100, why=WHY)
    with pytest.raises(errors.HoldTooSmall):
        async with tx.begin() as db:
            await steps.post_hold(db, held, minor=101)
    assert await balances(tx, rich, poor) == [(1000, 900), (0, 0)]


async def test_a_transfer_is_reversed_once_and_only_while_the_money_is_there(tx, three):
    rich, poor, bank = three
    async with tx.begin() as db:
        made = await steps.post(db, debit=rich, credit=poor, minor=300, why=WHY, code="sample")
        await steps.post(db, debit=poor, credit=bank, minor=1, why=WHY, code="sample")
    with pytest.raises(errors.Insufficient):
        async with tx.begin() as db:
            await steps.reverse(db, made, WHY)
    async with tx.begin() as db:
        await steps.post(db, debit=bank, credit=poor, minor=1, why=WHY, code="sample")

    async def undo():
        async with tx.begin() as db:
            return await steps.reverse(db, made, WHY)

    outcomes = await asyncio.gather(*[undo() for _ in range(10)], return_exceptions=True)
    assert Counter(type(o) for o in outcomes)[errors.ReversedAlready] == 9
    assert await balances(tx, rich, poor) == [(1000, 1000), (0, 0)]


async def test_of_twenty_who_want_the_same_money_only_as_many_get_it_as_it_lasts(tx, three):
    rich, poor, _ = three

    async def take():
        async with tx.begin() as db:
            await steps.post(db, debit=rich, credit=poor, minor=300, why=a_reason(), code="sample")

    outcomes = await asyncio.gather(*[take() for _ in range(20)], return_exceptions=True)
    assert Counter(type(o) for o in outcomes) == {type(None): 3, errors.Insufficient: 17}
    assert await balances(tx, rich, poor) == [(100, 100), (900, 900)]
    assert await balanced(tx)


async def test_of_twenty_holds_on_the_same_money_only_as_many_stand_as_it_lasts(tx, three):
    rich, poor, _ = three

    async def take():
        async with tx.begin() as db:
            return await steps.hold(db, source=rich, target=poor, minor=300, why=a_reason())

    outcomes = await asyncio.gather(*[take() for _ in range(20)], return_exceptions=True)
    assert Counter(type(o) for o in outcomes)[errors.Insufficient] == 17
    assert await balances(tx, rich) == [(1000, 100)]
    [held, *_] = [o for o in outcomes if not isinstance(o, Exception)]

    async def end(number):
        async with tx.begin() as db:
            await (steps.post_hold if number % 2 else steps.void_hold)(db, held)

    ends = await asyncio.gather(*[end(n) for n in range(20)], return_exceptions=True)
    assert Counter(type(o) for o in ends) == {type(None): 1, NotInThisState: 19}
    assert await balanced(tx)


async def test_transfers_back_and_forth_at_once_never_deadlock(tx, three):
    rich, poor, bank = three
    ways = [(rich, poor), (poor, rich), (bank, poor), (rich, bank)] * 10

    async def move(debit, credit):
        async with tx.begin() as db:
            await steps.post(db, debit=debit, credit=credit, minor=1, why=a_reason(), code="sample")

    outcomes = await asyncio.gather(*[move(*way) for way in ways], return_exceptions=True)
    assert {type(o) for o in outcomes} <= {type(None), errors.Insufficient}
    assert await balanced(tx)


async def test_many_transfers_are_one_batch(tx, three):
    rich, poor, bank = three
    async with tx.begin() as db:
        made = await steps.post_many(db, [Posting(bank, rich, 2, a_reason(), "sample") for _ in range(500)])
        await steps.hold_many(db, [Holding(rich, poor, 4, a_reason()) for _ in range(500)])
    assert len(set(made)) == 500
    assert await balances(tx, rich, bank) == [(2000, 0), (-2000, -2000)]
    assert await balanced(tx)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET minor = 1",
        "DELETE FROM transfer",
        "TRUNCATE transfer",
        "UPDATE account SET balance_minor = balance_minor + 1 WHERE purpose = 'ESCROW'",
        "UPDATE account SET purpose = 'BANK'",
        "DELETE FROM account",
        "UPDATE hold SET minor = minor + 1",
        "UPDATE hold SET state = 'PENDING'",
        "INSERT INTO account (id, book, purpose, balance_minor) VALUES (gen_random_uuid(), 'market', 'FEES', 5)",
        # between two books
        "INSERT INTO transfer (id, book, debit_account, credit_account, minor, why, code)"
        " SELECT gen_random_uuid(), 'market', m.id, u.id, 1, 'sample:x', 'sample' FROM account m, account u"
        " WHERE m.purpose = 'BANK' AND m.book = 'market' AND u.book <> 'market'",
        # more than there is
        "INSERT INTO transfer (id, book, debit_account, credit_account, minor, why, code)"
        " SELECT gen_random_uuid(), 'market', e.id, b.id, 601, 'sample:x', 'sample' FROM account e, account b"
        " WHERE e.balance_minor = 1000 AND b.purpose = 'BANK' AND b.book = 'market'",
    ],
)
async def test_the_database_itself_refuses_what_would_break_a_book(tx, three, statement):
    rich, poor, bank = three
    async with tx.begin() as db:
        await steps.account(db, purpose=Purpose.PAYABLE, book=steps.book_of_unit(new_id()))
        await steps.hold(db, source=rich, target=poor, minor=400, why=WHY)
    with pytest.raises(DBAPIError):
        async with tx.begin() as db:
            await db.execute(text(statement))
    assert await balances(tx, rich, poor, bank) == [(1000, 600), (0, 0), (-1000, -1000)]
    assert await balanced(tx)


async def test_a_transfer_between_two_books_is_a_mistake_and_moves_nothing(tx, three):
    rich, _, _ = three
    async with tx.begin() as db:
        wages = await steps.account(db, purpose=Purpose.PAYABLE, book=steps.book_of_unit(new_id()))
    with pytest.raises(ValueError, match="one book"):
        async with tx.begin() as db:
            await steps.post(db, debit=rich, credit=wages, minor=1, why=WHY, code="sample")
    assert await balances(tx, rich, wages) == [(1000, 1000), (0, 0)]


async def test_the_balance_sheet_lists_every_account_and_sums_to_nought(tx, three):
    async with tx.read() as db:
        sheet = await steps.balance_sheet(db)
        checks = await steps.check_books(db)
    assert {row.id for row in sheet} == set(three)
    assert sum(row.balance.minor for row in sheet) == 0
    assert [(check.book, check.accounts, check.sum.minor, check.is_balanced) for check in checks] == [
        ("market", 3, 0, True)
    ]


acts = st.lists(
    st.tuples(
        st.sampled_from(["post", "hold", "post_hold", "void", "reverse"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(1, 700),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
def test_whatever_is_tried_every_book_balances_and_no_escrow_is_overdrawn(database_url, acts):
    asyncio.run(_try_all(database_url, acts))


async def _try_all(database_url, acts):
    tx = Tx(make_engine(database_url, pool_size=2, application="test"))
    try:
        owners = [(await an_organisation(tx)).actor.org for _ in range(2)]
        async with tx.begin() as db:
            accounts = [await an_escrow(db, owners[0], 1000), await an_escrow(db, owners[1])]
            accounts.append(await steps.account(db, purpose=Purpose.BANK))
        holds, transfers = [], []
        for act, one, other, minor in acts:
            if one == other:
                continue
            try:
                async with tx.begin() as db:
                    if act == "post":
                        transfers.append(
                            await steps.post(
                                db, debit=accounts[one], credit=accounts[other], minor=minor, why=WHY, code="sample"
                            )
                        )
                    elif act == "hold":
                        holds.append(
                            await steps.hold(db, source=accounts[one], target=accounts[other], minor=minor, why=WHY)
                        )
                    elif act == "post_hold" and holds:
                        await steps.post_hold(db, holds[minor % len(holds)], minor=minor)
                    elif act == "void" and holds:
                        await steps.void_hold(db, holds[minor % len(holds)])
                    elif act == "reverse" and transfers:
                        await steps.reverse(db, transfers[minor % len(transfers)], WHY)
            except Refusal:
                continue
        assert await balanced(tx)
        found = await balances(tx, *accounts[:2])
        assert all(available >= 0 for _, available in found)
    finally:
        await tx.dispose()
