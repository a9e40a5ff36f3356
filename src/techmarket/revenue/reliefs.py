"""Tax flags, the wage base and the terms (涉税提示): what a person must think of; the market computes no tax owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from techmarket.kernel.money import apply_rate_to_each
from techmarket.kernel.periods import term_date
from techmarket.revenue.case import PROFIT_MODES, SALE_MODES, Basis, Case, Mode, Norm
from techmarket.revenue.computation import Flag, Term
from techmarket.revenue.norming import (
    CIT_BAND,
    CIT_YEARS,
    DEADLINE,
    IIT_EQUITY,
    IIT_RATIO,
    IIT_WINDOW,
    STAMP,
    VAT_CONFIRM,
    VAT_EXEMPT,
    VAT_RATE,
)


def wage_base(minor: int, norm: Norm | None) -> int:
    return wage_bases([minor], norm)[0]


def wage_bases(minors: Sequence[int], norm: Norm | None) -> list[int]:
    """Half of each cash reward counts as wage where the relief holds (half-up), else all of it."""
    return list(minors) if norm is None else apply_rate_to_each(minors, norm.rate)


def is_wage(case: Case) -> bool:
    """A reward in money is wage; shares in a company, and income by title, are not."""
    return case.table.basis is Basis.REWARD and case.mode is not Mode.EQUITY


def half_counts_as_wage(case: Case) -> Norm | None:
    """The relief takes a registered contract of transfer or licence and payment inside the window (财税〔2018〕58号).

    The window runs from the earliest receipt in the split, so that no part of the reward can be outside it unseen.
    """
    ratio, window = case.norm(IIT_RATIO), case.norm(IIT_WINDOW)
    if ratio is None or window is None or case.mode not in SALE_MODES or case.table.basis is Basis.TITLE:
        return None
    ends_on = term_date(min(receipt.received_on for receipt in case.receipts), int(window.value))
    return ratio if case.is_registered and case.pay_on <= ends_on else None


def on_payment(case: Case, *, pay_on: date, is_registered: bool) -> Case:
    """The case as it stands on the day of payment. Only where that changes what counts as wage is it another case."""
    paid = replace(case, pay_on=pay_on, is_registered=is_registered)
    return case if half_counts_as_wage(paid) == half_counts_as_wage(case) else paid


def flags_of(case: Case, base: int) -> tuple[Flag, ...]:
    """Which taxes a person must think of, and under which rule; the market computes no tax owed."""
    if case.is_money_of_shares:
        return (Flag("iit", "AS_SHAREHOLDER", None, needs_confirmation=True),)
    if case.mode is Mode.EQUITY:
        norm = case.norm(IIT_EQUITY)
        return (Flag("iit", "DEFERRABLE" if norm else "FULL", norm),)
    if case.table.basis is Basis.TITLE:
        iit = Flag("iit", "NOT_A_REWARD", None)
    else:
        half = half_counts_as_wage(case)
        iit = Flag("iit", "FULL" if half is None else "HALF", half)
    if case.mode in PROFIT_MODES:
        return (iit,)
    return tuple(flag for flag in (_vat(case), _cit(case, base), iit, _stamp(case)) if flag is not None)


def _vat(case: Case) -> Flag:
    """Transfer and licence are exempt when registered; from the day the new law holds a person must confirm it."""
    exempt, confirm = case.norm(VAT_EXEMPT), case.norm(VAT_CONFIRM)
    if exempt is None or not case.is_registered or case.mode not in SALE_MODES:
        return Flag("vat", "NOT_EXEMPT", case.norm(VAT_RATE))
    # ISO days compare as text.
    late = confirm is not None and any(receipt.received_on.isoformat() >= confirm.value for receipt in case.receipts)
    return Flag("vat", "EXEMPT", exempt, needs_confirmation=late, note=confirm.source if confirm and late else None)


def _cit(case: Case, base: int) -> Flag | None:
    """Transfer income of a year up to the band is exempt, a licence only from its least term on."""
    band, years = case.norm(CIT_BAND), case.norm(CIT_YEARS)
    if band is None or case.mode not in SALE_MODES:
        return None
    note = "if_the_licensor_pays_cit"
    if case.mode is Mode.LICENCE and years is not None and (case.term_years or 0) < int(years.value):
        return Flag("cit", "LICENCE_TOO_SHORT", years, note=note)
    within = base <= int(band.value)
    return Flag("cit", "EXEMPT_BAND" if within else "HALF_ABOVE_BAND", band, note=note)


def _stamp(case: Case) -> Flag | None:
    norm = case.norm(STAMP)
    return Flag("stamp", "DUE", norm) if norm else None


def terms_of(case: Case) -> tuple[Term, ...]:
    """When the reward is due and how long the wage relief can be used, from the earliest receipt of the split."""
    first = min(receipt.received_on for receipt in case.receipts)
    terms = []
    for name, key in (("reward_due", DEADLINE), ("iit_window", IIT_WINDOW)):
        norm = case.norm(key)
        if norm is not None and norm.unit == "months" and (key == DEADLINE or case.mode in SALE_MODES):
            terms.append(Term(name, first, term_date(first, int(norm.value)), norm))
    return tuple(terms)
