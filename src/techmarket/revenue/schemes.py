"""Share tables (分配方案) held to their form and to the floors: unit rule or agreement against what the law asks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from techmarket.revenue import errors
from techmarket.revenue.case import Basis, Group, Mode, Norm, Table, plain
from techmarket.revenue.norming import FLOOR, SUB_FLOORS, mandatory


def check_table(table: Table) -> None:
    """A share table names each group once, nobody twice in a group, and gives weight to whoever shares."""
    groups = [share.group for share in table.groups]
    if not groups or len(set(groups)) != len(groups):
        raise errors.TableMalformed(reason="groups_once_each", pointer="/body/table/groups")
    if any(share.weight <= 0 for share in table.groups):
        raise errors.TableMalformed(reason="group_weight_above_zero", pointer="/body/table/groups")
    for number, share in enumerate(table.groups):
        keys = [person.key for person in share.people]
        where = f"/body/table/groups/{number}/people"
        if len(set(keys)) != len(keys):
            raise errors.TableMalformed(reason="person_twice_in_a_group", pointer=where)
        if any(person.weight < 0 for person in share.people):
            raise errors.TableMalformed(reason="weight_below_zero", pointer=where)
        if share.people and not any(person.weight for person in share.people):
            raise errors.TableMalformed(reason="no_weight_in_the_group", pointer=where)
    if table.basis is Basis.REWARD:
        if table.title_share is not None:
            raise errors.TableMalformed(reason="reward_or_title_not_both", pointer="/body/table/title_share")
        if table.rate is not None and not 0 < table.rate <= 1:
            raise errors.TableMalformed(reason="rate_between_0_and_1", pointer="/body/table/rate")
        return
    if table.rate is not None:
        raise errors.TableMalformed(reason="reward_or_title_not_both", pointer="/body/table/rate")
    if table.title_share is None or not 0 < table.title_share <= 1:
        raise errors.TableMalformed(reason="title_share_between_0_and_1", pointer="/body/table/title_share")
    if groups != [Group.MAIN]:
        raise errors.TableMalformed(reason="title_belongs_to_the_completers", pointer="/body/table/groups")


def check_sub_floors(table: Table, norms: Sequence[Norm]) -> None:
    """Inside the reward, main contributors and transfer staff get at least the parts the law names."""
    if table.basis is Basis.TITLE:
        return
    whole = sum((share.weight for share in table.groups), Decimal(0))
    for group, key in SUB_FLOORS.items():
        weight = next((share.weight for share in table.groups if share.group is group), Decimal(0))
        for norm in mandatory(norms, key):
            if weight < norm.rate * whole:
                raise errors.BelowFloor(
                    part=group, given=ratio(weight, whole), least=norm.rate, source=norm.source, pointer="/body/table"
                )


def choose_rate(table: Table, *, mode: Mode, is_government: bool, norms: Sequence[Norm]) -> tuple[Decimal, Norm | None]:
    """Agreed or unit rate if there is one, else the statutory floor; a government-established unit stays above it.

    For it the floor is the higher of the mandatory national and local ones (PSTA 45, ZJR 37); for an enterprise the
    national ratio only fills a gap (PSTA 44-45). The norm is None where the table itself names the rate.
    """
    unit_rule = next((norm for norm in norms if norm.key == FLOOR and norm.scope.startswith("unit:")), None)
    floors = sorted(mandatory(norms, FLOOR), key=lambda norm: norm.rate, reverse=True) if is_government else []
    agreed = table.rate if table.rate is not None else (unit_rule.rate if unit_rule else None)
    if agreed is not None:
        if floors and agreed < floors[0].rate:
            raise errors.BelowFloor(
                part="reward",
                given=agreed,
                least=floors[0].rate,
                source=floors[0].source,
                jurisdiction=floors[0].jurisdiction,
                pointer="/body/table/rate",
            )
        return agreed, (unit_rule if table.rate is None else None)
    if floors:
        return floors[0].rate, floors[0]
    # A permissive ratio says what may be given; only what binds or fills a gap decides where nothing was agreed.
    filling = next((n for n in norms if n.key == FLOOR and n.binding in ("gap_filling", "default")), None)
    if filling is None:
        raise errors.RateNeeded(mode=mode, pointer="/body/table/rate")
    return filling.rate, filling


def check_table_against(table: Table, *, mode: Mode, is_government: bool, norms: Sequence[Norm]) -> None:
    """A table is held to its floors when it is drafted, so that nobody signs what could not be paid."""
    check_table(table)
    if table.basis is Basis.REWARD:
        choose_rate(table, mode=mode, is_government=is_government, norms=norms)
        check_sub_floors(table, norms)


def ratio(weight: Decimal, whole: Decimal) -> str:
    return plain((weight / whole).quantize(Decimal("0.000001")))
