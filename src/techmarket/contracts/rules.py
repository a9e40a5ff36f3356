"""The rules of contracts: what is due, what is reported, what is registered, which relief may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from techmarket.contracts import errors
from techmarket.kernel.money import Money, Rounding, apply_rate
from techmarket.kernel.periods import shanghai_day, term_date

CERTIFICATE_FORM = re.compile(r"ZJ-\d{4}-\d{6}")
NUMBER_FORM = re.compile(r"\d{14}(\d{2})?")


class ContractType(StrEnum):
    """The kinds of technology contract (民法典 art. 843); training and intermediary stand beside service (art. 887)."""

    LICENCE = "LICENCE"
    TRANSFER = "TRANSFER"
    DEVELOPMENT = "DEVELOPMENT"
    CONSULTING = "CONSULTING"
    SERVICE = "SERVICE"
    TRAINING = "TRAINING"
    INTERMEDIARY = "INTERMEDIARY"


class Origin(StrEnum):
    """Where a contract was made: on this market, elsewhere on paper with seals (纸质), or elsewhere electronically."""

    MARKET = "MARKET"
    PAPER = "PAPER"
    ELSEWHERE = "ELSEWHERE"


class PartyRole(StrEnum):
    PAYER = "PAYER"
    PAYEE = "PAYEE"


class LineKind(StrEnum):
    """The forms a price takes (民法典 art. 846), with the milestone of a development and the share in a company."""

    LUMP = "LUMP"
    INSTALMENT = "INSTALMENT"
    ENTRY_FEE = "ENTRY_FEE"
    MILESTONE = "MILESTONE"
    ROYALTY = "ROYALTY"
    EQUITY = "EQUITY"


class ChangeKind(StrEnum):
    """What the parties agree on after the contract is in force: other terms, or its end (合意解除)."""

    AMENDMENT = "AMENDMENT"
    TERMINATION = "TERMINATION"


class AuthorityKind(StrEnum):
    """By what a person binds his organisation: as legal representative (法定代表人), or by a power (授权委托书)."""

    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    POWER_OF_ATTORNEY = "POWER_OF_ATTORNEY"


class DeadlineKind(StrEnum):
    """What somebody has to do by a day (期限)."""

    PAYMENT = "PAYMENT"
    ROYALTY_REPORT = "ROYALTY_REPORT"
    LICENCE_FILING = "LICENCE_FILING"
    TRIAL_DECISION = "TRIAL_DECISION"
    CURE = "CURE"
    REGISTRATION_DECISION = "REGISTRATION_DECISION"


class TitleMoves(StrEnum):
    """When the seller hands over the title: once the contract is in force, or once the fixed price is paid."""

    ON_EFFECT = "ON_EFFECT"
    ON_PAYMENT = "ON_PAYMENT"


class RoyaltyBase(StrEnum):
    """What a royalty is usually a part of (民法典 art. 846); an offer may name its own base."""

    NET_SALES = "net_sales"
    NEW_OUTPUT_VALUE = "new_output_value"
    PROFIT = "profit"
    PRICE = "price"


# --- the payment plan ---


@dataclass(frozen=True, slots=True)
class Milestone:
    """A part of a development (里程碑): what is handed over, and what is paid once it is accepted."""

    title: str
    minor: int


def check_milestones(milestones: Sequence[Milestone], price_minor: int) -> None:
    """The milestones of a development sum to the price of the award, to the cent."""
    total = sum(one.minor for one in milestones)
    if total != price_minor:
        raise errors.MilestonesDoNotSum(sum=Money(total), price=Money(price_minor), pointer="/body/milestones")


def calls_first(contract_type: ContractType, *, from_award: bool = True) -> PartyRole:
    """Whoever put the trade up signs first: it sells a right, but of an open challenge it is the one who pays.

    A contract negotiated directly is drafted, and first signed, by the side that is paid.
    """
    return PartyRole.PAYER if from_award and contract_type is ContractType.DEVELOPMENT else PartyRole.PAYEE


def deposit_for_fee(entry_fee_minor: int, captured_deposit_minor: int) -> int:
    """The winner's deposit becomes part of the price: it pays the entry fee as far as that goes."""
    return min(entry_fee_minor, captured_deposit_minor)


def royalty_of(base_minor: int, rate: Decimal) -> int:
    """A royalty is its rate times its base, half up to the cent."""
    return apply_rate(base_minor, rate, Rounding.HALF_UP)


def require_plan(entry_fee_minor: int | None, rate: Decimal | None, base: str | None, due_days: int | None) -> None:
    """A licence is paid by an entry fee, a royalty or both; a royalty names its rate, its base and its days to pay."""
    parts = (rate, base, due_days)
    if any(part is not None for part in parts) and None in parts:
        raise errors.RoyaltyIncomplete(pointer="/body/royalty")
    if not entry_fee_minor and not rate:
        raise errors.NothingToPay(pointer="/body/entry_fee")


def term_until(first_day: date, years: int | None) -> date | None:
    """A licence of n years ends on the corresponding day; without a stated term it has no end (SPC-T art. 28)."""
    return None if years is None else term_date(first_day, 12 * years)


def require_term_over(term_until: date | None, today: date) -> None:
    """A licence is performed when its last day is over; one without a term never is."""
    if term_until is None or today <= term_until:
        raise errors.TermNotOver(term_until=term_until or "-")


@dataclass(frozen=True, slots=True)
class Period:
    first: date
    last: date

    def overlaps(self, other: Period) -> bool:
        return self.first <= other.last and other.first <= self.last


def require_reportable(
    period: Period, *, term_from: date, term_until: date | None, reported: Iterable[Period], today: date
) -> None:
    """A royalty is reported once for each day of the term, after the period is over."""
    if period.last < period.first:
        raise errors.PeriodBackwards(pointer="/body/period_to")
    if period.first < term_from or (term_until is not None and period.last > term_until):
        raise errors.PeriodOutsideTerm(term_from=term_from, term_until=term_until or "-", pointer="/body/period_from")
    if period.last >= today:
        raise errors.PeriodNotOver(period_to=period.last, today=today, pointer="/body/period_to")
    for earlier in reported:
        if earlier.overlaps(period):
            raise errors.PeriodReported(period_from=earlier.first, period_to=earlier.last, pointer="/body/period_from")


def royalty_due_on(today: date, days: int) -> date:
    """A reported royalty is due the agreed number of days after the report."""
    return today + timedelta(days=days)


def require_text(kept_sha256: str, given_sha256: str) -> None:
    """Whoever calls for signatures names the text he means by its hash."""
    if kept_sha256 != given_sha256:
        raise errors.WrongText(document_sha256=kept_sha256, pointer="/body/document_sha256")


def last_day_before(end: datetime) -> date:
    """The Shanghai day whose midnight ends a period is the last day on which it can be kept."""
    return shanghai_day(end - timedelta(microseconds=1))


def line_in_words(kind: LineKind, minor: int | None, rate: Decimal | None, base: str | None) -> dict[str, str]:
    """A line of the plan as a price notice states it."""
    if minor is not None:
        return {"kind": kind.value, "amount": Money(minor).amount, "currency": "CNY"}
    return {"kind": kind.value, "rate": f"{rate:f}", "base": base or ""}


# --- registration ---


def registration_warnings(number: str) -> tuple[str, ...]:
    """A registration number has 14 or 16 digits; another form is kept as the registrar wrote it, with a warning."""
    return () if NUMBER_FORM.fullmatch(number) else ("contracts.registration_number_form",)


def require_number(number: str) -> None:
    """A registration is never taken for the market's certificate: it does not bear a certificate's number."""
    if CERTIFICATE_FORM.fullmatch(number):
        raise errors.NumberIsACertificates(number=number, pointer="/body/number")


def require_amounts(whole_minor: int, technology_minor: int, items: Sequence[tuple[str, int]] = ()) -> None:
    """The technology part (技术交易额) is the whole without the non-technical part: from zero up to the whole, and what
    is not technical is itemised (SPC-T art. 14)."""
    if not 0 <= technology_minor <= whole_minor:
        raise errors.TechnologyAboveWhole(
            whole=Money(whole_minor), technology=Money(technology_minor), pointer="/body/technology_amount"
        )
    rest, listed = whole_minor - technology_minor, sum(minor for _, minor in items)
    if rest != listed:
        raise errors.NonTechnicalNotItemised(
            non_technical=Money(rest), itemised=Money(listed), pointer="/body/non_technical"
        )


class Tax(StrEnum):
    VAT = "VAT"
    CIT = "CIT"
    IIT = "IIT"
    STAMP = "STAMP"


class Relief(StrEnum):
    EXEMPT = "EXEMPT"
    NO_RELIEF = "NO_RELIEF"
    EXEMPT_BAND = "EXEMPT_BAND"
    NOT_A_PAYER = "NOT_A_PAYER"
    HALF = "HALF"
    DUE = "DUE"


@dataclass(frozen=True, slots=True)
class ReliefFlag:
    """What kind of relief may hold for a registered contract; an amount of tax is never computed."""

    tax: Tax
    relief: Relief
    needs_confirmation: bool


@dataclass(frozen=True, slots=True)
class ReliefFacts:
    """What the flags are read from: the contract, and the rule rows of the day of registration (None: no row)."""

    contract_type: ContractType
    is_exclusive: bool
    term_years: int | None
    seller_is_unit: bool
    tax_point: date
    vat_exempt: bool | None
    vat_confirm_from: date | None
    cit_years_min: int | None
    cit_is_firm: bool
    iit_half: bool | None
    iit_is_firm: bool
    stamp_is_firm: bool


def relief_flags(facts: ReliefFacts) -> tuple[ReliefFlag, ...]:
    """A registered contract carries a flag per tax: which relief may hold, and whether a person must confirm it."""
    return (_vat(facts), _cit(facts), _iit(facts), ReliefFlag(Tax.STAMP, Relief.DUE, not facts.stamp_is_firm))


def _vat(facts: ReliefFacts) -> ReliefFlag:
    """Transfer, licence and development are exempt when registered; later tax points wait for a person's word.

    财税〔2016〕36号; the VAT Law in force from 2026 does not name the exemption, so the flag asks for confirmation.
    """
    covered = facts.contract_type in (ContractType.LICENCE, ContractType.TRANSFER, ContractType.DEVELOPMENT)
    if not covered or not facts.vat_exempt:
        return ReliefFlag(Tax.VAT, Relief.NO_RELIEF, facts.vat_exempt is None)
    late = facts.vat_confirm_from is not None and facts.tax_point >= facts.vat_confirm_from
    return ReliefFlag(Tax.VAT, Relief.EXEMPT, late)


def _cit(facts: ReliefFacts) -> ReliefFlag:
    """A licence of five years or more counts as transfer income, exempt up to the band of the year.

    公告2015年第82号 speaks of non-exclusive licences; for an exclusive or sole one a person confirms. A unit that is no
    payer of this tax has nothing to exempt, which is for a person to confirm as well.
    """
    if facts.seller_is_unit:
        return ReliefFlag(Tax.CIT, Relief.NOT_A_PAYER, True)
    if facts.contract_type is ContractType.TRANSFER:
        return ReliefFlag(Tax.CIT, Relief.EXEMPT_BAND, not facts.cit_is_firm)
    if facts.contract_type is not ContractType.LICENCE or facts.cit_years_min is None:
        return ReliefFlag(Tax.CIT, Relief.NO_RELIEF, facts.cit_years_min is None)
    if facts.term_years is not None and facts.term_years < facts.cit_years_min:
        return ReliefFlag(Tax.CIT, Relief.NO_RELIEF, False)
    return ReliefFlag(Tax.CIT, Relief.EXEMPT_BAND, facts.is_exclusive or not facts.cit_is_firm)


def _iit(facts: ReliefFacts) -> ReliefFlag:
    """Cash rewards of a non-profit unit from a registered contract count half as wage (财税〔2018〕58号)."""
    if not facts.seller_is_unit or not facts.iit_half:
        return ReliefFlag(Tax.IIT, Relief.NO_RELIEF, facts.seller_is_unit and facts.iit_half is None)
    return ReliefFlag(Tax.IIT, Relief.HALF, not facts.iit_is_firm)
