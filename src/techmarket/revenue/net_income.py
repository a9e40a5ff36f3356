"""Net income (净收入): what came in, less what the rules let be deducted and evidence shows."""

from __future__ import annotations

from techmarket.revenue.case import PROFIT_MODES, Case, Cost, Mode, Norm
from techmarket.revenue.computation import CostVerdict, Step, yuan
from techmarket.revenue.norming import DEDUCTIBLE


def judge_cost(cost: Cost, norm: Norm | None) -> CostVerdict:
    """A cost reduces net income if its kind is deductible there and evidence shows it; fiscal R&D money never does."""
    if norm is None:
        return CostVerdict(cost, 0, "no_rule", None)
    if norm.rate == 0:
        return CostVerdict(cost, 0, "not_deductible", norm)
    if not cost.evidence:
        return CostVerdict(cost, 0, "no_evidence", norm)
    return CostVerdict(cost, cost.minor, "deducted", norm)


def base_of(case: Case) -> tuple[int, int, tuple[CostVerdict, ...], list[Step]]:
    """The base is net income of a sale, or of shares that were sold; operating profit of own use; the contribution."""
    received = sum(receipt.minor for receipt in case.receipts)
    added = " + ".join(yuan(receipt.minor) for receipt in case.receipts)
    if case.mode in PROFIT_MODES or (case.mode is Mode.EQUITY and not case.is_money_of_shares):
        name = "shares_obtained" if case.mode is Mode.EQUITY else "operating_profit"
        return received, received, (), [Step(name, added, received)]
    verdicts = tuple(judge_cost(cost, case.norm(DEDUCTIBLE + cost.kind)) for cost in case.costs)
    deducted = sum(verdict.deducted_minor for verdict in verdicts)
    steps = [Step("receipts", added, received)]
    steps += [
        Step(
            f"cost.{v.cost.kind}", yuan(v.cost.minor), v.deducted_minor, v.norm, None if v.deducted_minor else v.reason
        )
        for v in verdicts
    ]
    steps.append(Step("costs", " + ".join(yuan(v.deducted_minor) for v in verdicts if v.deducted_minor), deducted))
    steps.append(Step("net_income", f"{yuan(received)} - {yuan(deducted)}", received - deducted))
    return received, received - deducted, verdicts, steps
