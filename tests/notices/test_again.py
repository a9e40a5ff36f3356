"""A price published again goes on from the notices before it, and an upheld objection to it is kept to."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref
from techmarket.kernel.refusals import NotAllowed
from techmarket.notices import errors, rules, service, steps
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from tests.door import Door
from tests.door import yuan as yuan_of
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_notice, a_sandbox, gate, hang, move_to, shanghai

FIRST, SECOND, BUYER, ANOTHER = Ref("achievement", uuid4()), Ref("achievement", uuid4()), uuid4(), uuid4()


def a_deal(*about: Ref, buyer: UUID = BUYER, yuan: int | None = 60_000) -> steps.Deal:
    return steps.Deal(about or (FIRST,), (buyer,), None if yuan is None else 100 * yuan)


async def a_price(tx: Tx, unit: Actor, deal: steps.Deal) -> UUID:
    return await a_notice(tx, unit, kind=NoticeKind.PRICE, length=None, subject=Ref("contract", uuid4()), deal=deal)


async def withdraw(tx: Tx, notice: UUID) -> None:
    async with tx.begin() as db:
        await steps.withdraw(db, notice, None)


async def a_unit(tx: Tx) -> Actor:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    return (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor


async def an_upheld_price(tx: Tx, unit: Actor, operator: Actor) -> UUID:
    rival = (await an_organisation(tx)).actor
    notice = await a_price(tx, unit, a_deal())
    await hang(tx, unit, notice)
    objection = await service.file_objection(tx, rival, notice, grounds="a tenth of its worth")
    await service.decide_objection(tx, operator, objection.id, upheld=True, reasons="Sample reasons")
    return notice


@pytest.mark.parametrize(
    "price, upheld, allowed, passes",
    [
        (6_000_001, 6_000_000, None, True),
        (6_000_000, 6_000_000, None, False),
        (None, 6_000_000, None, False),
        (9_000_000, None, None, False),
        (None, None, 0, True),
        (5_000_000, 6_000_000, 5_000_000, True),
        (4_999_999, 6_000_000, 5_000_000, False),
    ],
)
def test_after_an_upheld_objection_a_price_is_higher_or_allowed(price, upheld, allowed, passes):
    if passes:
        rules.check_price_again(price, upheld=upheld, allowed=allowed, notice=uuid4())
        return
    with pytest.raises(errors.PriceUpheldBefore):
        rules.check_price_again(price, upheld=upheld, allowed=allowed, notice=uuid4())


async def test_what_was_open_against_a_price_that_was_taken_back_stands_against_the_next_one(tx: Tx) -> None:
    unit, rival = await a_unit(tx), (await an_organisation(tx)).actor
    operator = (await a_market(tx))["operator"].actor
    old = await a_price(tx, unit, a_deal(FIRST, SECOND))
    await hang(tx, unit, old)
    objection = await service.file_objection(tx, rival, old, grounds="a tenth of its worth")
    with pytest.raises(errors.PriceStandsAlready):  # nor is there a clean one beside it meanwhile
        await a_price(tx, unit, a_deal(SECOND))
    await withdraw(tx, old)
    assert (await service.get_objection(tx, rival, objection.id)).state is ObjectionState.LAPSED
    elsewhere = [await a_price(tx, unit, a_deal(buyer=ANOTHER)), await a_price(tx, unit, a_deal(Ref("x", uuid4())))]
    await move_to(tx, shanghai(2026, 3, 9, 9))
    new = await a_price(tx, unit, a_deal(SECOND, yuan=None))
    await hang(tx, unit, new)
    seen = await service.get_objection(tx, rival, objection.id)
    assert (seen.state, seen.notice_id, seen.carried_from_id) == (ObjectionState.FILED, new, old)
    assert (seen.decided_at, seen.decide_by is not None and seen.decide_by > shanghai(2026, 3, 9)) == (None, True)
    shown = await service.get_notice(tx, ANONYMOUS, new)
    assert (shown.line.state, shown.line.replaces_id) == (NoticeState.PAUSED, old)
    with pytest.raises(errors.ObjectionOpen):
        await service.file_objection(tx, rival, new, grounds="a tenth of its worth, again")
    for notice in elsewhere:
        assert (await service.get_notice(tx, ANONYMOUS, notice)).objections == ()
    await service.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample reasons")
    await move_to(tx, shanghai(2026, 3, 25))
    await gate(tx, new)
    # What has cleared settled all that was before it.
    assert (await service.get_notice(tx, ANONYMOUS, await a_price(tx, unit, a_deal(SECOND)))).line.replaces_id is None


async def test_an_upheld_price_is_published_again_only_higher_or_with_the_operators_word(tx: Tx, door: Door) -> None:
    unit, operator = await a_unit(tx), (await a_market(tx))["operator"].actor
    upheld = await an_upheld_price(tx, unit, operator)
    for yuan in (60_000, 10_000, None):
        with pytest.raises(errors.PriceUpheldBefore) as refused:
            await a_price(tx, unit, a_deal(yuan=yuan))
        assert refused.value.facts == {"notice": upheld}
    higher = await a_price(tx, unit, a_deal(yuan=60_001))
    with pytest.raises(errors.NothingUpheld):
        await service.allow_price(tx, operator, higher, price_minor=0, reasons="Sample reasons")
    await withdraw(tx, higher)
    with pytest.raises(NotAllowed):
        await service.allow_price(tx, unit, upheld, price_minor=0, reasons="Sample reasons")
    word = {"price": yuan_of("50000.00"), "reasons": "A new valuation. Sample."}
    said = (await door.post(operator, f"/v1/notices/{upheld}/allowance", word))["allowance"]
    assert (said["price"], said["reasons"]) == (word["price"], word["reasons"])
    with pytest.raises(errors.PriceUpheldBefore):
        await a_price(tx, unit, a_deal(yuan=49_999))
    assert (await service.get_notice(tx, ANONYMOUS, await a_price(tx, unit, a_deal(yuan=50_000)))).line.replaces_id


async def test_whoever_belongs_to_the_seller_gives_no_word_on_its_price(tx: Tx) -> None:
    unit, operator = await a_unit(tx), (await a_market(tx))["operator"].actor
    upheld = await an_upheld_price(tx, unit, operator)
    async with tx.begin() as db:
        db.add(Membership(person_id=operator.person, org_id=unit.org, roles=[]))
    with pytest.raises(NotAllowed):
        await service.allow_price(tx, operator, upheld, price_minor=0, reasons="Sample reasons")


async def test_of_two_that_publish_the_next_price_at_once_one_does(tx: Tx) -> None:
    unit = await a_unit(tx)
    await withdraw(tx, await a_price(tx, unit, a_deal()))
    outcomes = await asyncio.gather(*[a_price(tx, unit, a_deal()) for _ in range(4)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["PriceStandsAlready"] * 3 + ["UUID"]
