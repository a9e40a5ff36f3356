"""The stage of a project for people, against a table that people can read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import techmarket
from techmarket.certification.lifecycle import CertificateState
from techmarket.contracts.lifecycle import ContractState, RegistrationState
from techmarket.dossiers.stage import CHAIN, EXITS, LotStanding, Paid, Procedure, Sale, Stage, stage_of, stage_of_lot
from techmarket.notices.lifecycle import NoticeState
from techmarket.trading.lifecycle import AwardState, LotState, Method, TradeState

# Each line: what must hold (anything not named may be anything) -> the stage. Exactly one line fits each standing.
# A line that names no trade is about one that was announced; - is none that stands.
TABLE = """
trade=DRAFT,RETURNED                                                    -> DRAFT
trade=SUBMITTED                                                         -> APPLIED
lot=WAITING notice=none,PREPARED                                        -> ACCEPTED
lot=WAITING notice=RUNNING suspended=no extended=no                     -> DISCLOSING
lot=WAITING notice=RUNNING suspended=no extended=yes                    -> EXTENDED
lot=WAITING notice=RUNNING suspended=yes                                -> SUSPENDED
lot=WAITING notice=PAUSED                                               -> SUSPENDED
lot=WAITING notice=CLEARED suspended=no                                 -> REGISTRATION_CLOSED
lot=WAITING notice=UPHELD,WITHDRAWN suspended=no                        -> TERMINATED
lot=OPEN,EVALUATING suspended=no method=ONLINE_BIDDING,SEALED           -> BIDDING
lot=OPEN,EVALUATING suspended=no method=NEGOTIATION                     -> NEGOTIATING
lot=OPEN,EVALUATING suspended=yes                                       -> SUSPENDED
lot=PAUSED                                                              -> SUSPENDED
lot=AWARDED sale=none,PREPARED                                          -> AWARDED
lot=AWARDED sale=RUNNING,PAUSED,CLEARED                                 -> RESULT_NOTICE
lot=CONCLUDED contract=TERMINATED                                       -> CANCELLED
lot=CONCLUDED contract=IN_FORCE,PERFORMED register=REGISTERED           -> REGISTERED
lot=CONCLUDED contract=IN_FORCE,PERFORMED register=- certificate=ISSUED -> CERTIFIED
lot=CONCLUDED contract=PERFORMED register=- certificate=-               -> SETTLED
lot=CONCLUDED contract=IN_FORCE register=- certificate=- paid=ALL       -> SETTLED
lot=CONCLUDED contract=IN_FORCE register=- certificate=- paid=SOME      -> SETTLING
lot=CONCLUDED contract=IN_FORCE register=- certificate=- paid=NOTHING   -> CONTRACTED
lot=UNSOLD awards=none,RELEASED                                         -> FAILED
lot=UNSOLD awards=ANNULLED                                              -> CANCELLED
lot=UNSOLD awards=LAPSED,DEFAULTED                                      -> DEFAULTED
lot=TERMINATED                                                          -> TERMINATED
"""
HIDDEN = (TradeState.DRAFT, TradeState.SUBMITTED, TradeState.RETURNED)
NOTICES = (None, *(state for state in NoticeState if state is not NoticeState.REPLACED))  # the latest is never replaced
STOPPABLE = (NoticeState.RUNNING, NoticeState.PAUSED)
SALES = [
    Sale(NoticeState.CLEARED, contract, paid, certificate, register)
    for contract, paid, certificate, register in product(
        (ContractState.IN_FORCE, ContractState.PERFORMED, ContractState.TERMINATED),
        Paid,
        (None, CertificateState.ISSUED, CertificateState.SUSPENDED, CertificateState.REVOKED),
        (None, RegistrationState.REGISTERED, RegistrationState.REVOKED),
    )
]


def lots_of(trade: TradeState) -> Iterator[LotStanding]:
    """Every standing of a lot that its lifecycle, its award's and its contract's allow beside this trade."""
    if trade in HIDDEN:
        yield LotStanding(LotState.WAITING)
        return
    for state in LotState:
        if state is LotState.AWARDED:
            sales: list[Sale] = [Sale(notice) for notice in NOTICES[:5]]
            awards = [AwardState.OFFERED]
        elif state is LotState.CONCLUDED:
            sales, awards = SALES, [AwardState.CONCLUDED]
        elif state is LotState.UNSOLD:
            sales = [Sale()]
            awards = [AwardState.RELEASED, AwardState.ANNULLED, AwardState.LAPSED, AwardState.DEFAULTED]
            yield LotStanding(state)
        else:
            sales, awards = [Sale()], []
        for sale in sales:
            for award in awards or [None]:
                yield LotStanding(state, frozenset([award] if award else ()), sale)


def procedures() -> Iterator[Procedure]:
    methods = (Method.ONLINE_BIDDING, Method.NEGOTIATION, Method.SEALED)
    for trade, method, notice, extended in product(TradeState, methods, NOTICES, (False, True)):
        yield Procedure(trade, method, notice, extended)
        if notice in STOPPABLE:
            yield Procedure(trade, method, notice, extended, is_suspended=True)


def told(procedure: Procedure, lot: LotStanding) -> dict[str, str]:
    def name(value: object) -> str:
        return "none" if value is None else str(getattr(value, "value", value))

    (award,) = lot.awards or (None,)
    return {
        "trade": procedure.trade.value if procedure.trade in HIDDEN else "public",
        "lot": lot.state.value,
        "notice": name(procedure.announcement),
        "extended": "yes" if procedure.is_extended else "no",
        "suspended": "yes" if procedure.is_suspended else "no",
        "method": procedure.method.value,
        "awards": name(award),
        "sale": name(lot.sale.notice),
        "contract": name(lot.sale.contract),
        "paid": lot.sale.paid.value,
        "certificate": "ISSUED" if lot.sale.certificate is CertificateState.ISSUED else "-",
        "register": "REGISTERED" if lot.sale.registration is RegistrationState.REGISTERED else "-",
    }


def read_table() -> list[tuple[dict[str, set[str]], Stage]]:
    lines = []
    for line in TABLE.strip().splitlines():
        conditions, _, stage = line.rpartition("->")
        pairs = dict(one.split("=") for one in conditions.split())
        said = {name: set(values.split(",")) for name, values in {"trade": "public", **pairs}.items()}
        lines.append((said, Stage(stage.strip())))
    return lines


def test_every_standing_that_the_lifecycles_allow_has_the_one_stage_of_the_table() -> None:
    table, used, seen = read_table(), set(), 0
    for procedure in procedures():
        for lot in lots_of(procedure.trade):
            standing = told(procedure, lot)
            fit = [
                n
                for n, (conditions, _) in enumerate(table)
                if all(standing[name] in values for name, values in conditions.items())
            ]
            assert len(fit) == 1, (standing, [table[n] for n in fit])
            assert stage_of_lot(procedure, lot) is table[fit[0]][1], standing
            used.add(fit[0])
            seen += 1
    assert used == set(range(len(table)))
    assert {stage for _, stage in table} == set(Stage)
    assert seen == 40_014


def lot(state: LotState, *awards: AwardState) -> LotStanding:
    return LotStanding(state, frozenset(awards))


@pytest.mark.parametrize(
    ("lots", "stage"),
    [
        ([lot(LotState.OPEN), lot(LotState.AWARDED)], Stage.BIDDING),
        ([lot(LotState.UNSOLD), lot(LotState.AWARDED)], Stage.AWARDED),
        ([lot(LotState.TERMINATED), lot(LotState.WAITING), lot(LotState.OPEN)], Stage.DISCLOSING),
        ([lot(LotState.UNSOLD), lot(LotState.UNSOLD, AwardState.LAPSED)], Stage.DEFAULTED),
        ([lot(LotState.UNSOLD), lot(LotState.UNSOLD, AwardState.ANNULLED)], Stage.CANCELLED),
        ([lot(LotState.UNSOLD), lot(LotState.TERMINATED)], Stage.TERMINATED),
        ([lot(LotState.UNSOLD), lot(LotState.UNSOLD)], Stage.FAILED),
    ],
)
def test_a_project_stands_where_the_last_of_its_lots_stands_and_ends_as_they_left(
    lots: list[LotStanding], stage: Stage
) -> None:
    procedure = Procedure(TradeState.DECIDING, Method.ONLINE_BIDDING, NoticeState.RUNNING)
    assert stage_of(procedure, lots) is stage
    assert stage_of(procedure, lots[::-1]) is stage


def test_the_chain_and_the_ways_out_are_all_stages_each_once() -> None:
    assert sorted([*CHAIN, *EXITS]) == sorted(Stage)


def test_no_rule_reads_the_stage() -> None:
    """Only the file of a project and its page know of it: nothing is decided by a word for people."""
    house = Path(techmarket.__file__).parent
    readers = {
        str(file.relative_to(house)) for file in house.rglob("*.py") if "dossiers.stage" in file.read_text("utf-8")
    }
    assert readers == {"api/projects.py", "dossiers/filing.py", "dossiers/views.py"}
