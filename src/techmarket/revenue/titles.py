"""After a grant (赋权) the completers own a part: income goes by title, or they elect the reward; never both. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from techmarket.revenue import errors
from techmarket.revenue.case import Basis, Table


def check_title(table: Table, *, holders: Mapping[str, Decimal], unit_share: Decimal, elects_reward: bool) -> None:
    """A grant and a reward of one achievement exclude each other, unless the completers elect the reward (ZJR 37).

    By title each gets just what he owns: `holders` are the people, with their shares of the title.

    The election stands in the text that every completer signs, so nobody elects for another.
    """
    granted = sum(holders.values(), Decimal(0))
    if not granted:
        if table.basis is Basis.TITLE:
            raise errors.NotTheTitle(reason="nothing_was_granted", pointer="/body/table/basis")
        if elects_reward:
            raise errors.TableMalformed(reason="election_without_a_grant", pointer="/body/elects_reward")
        return
    if table.basis is Basis.REWARD:
        if not elects_reward:
            raise errors.GrantOrReward(granted=granted, pointer="/body/elects_reward")
        return
    if elects_reward:
        raise errors.TableMalformed(reason="reward_or_title_not_both", pointer="/body/elects_reward")
    exact = Fraction(granted) / (Fraction(granted) + Fraction(unit_share))
    if table.title_share is None or Fraction(table.title_share) != exact:
        raise errors.NotTheTitle(
            reason="title_share", granted=granted, unit=unit_share, pointer="/body/table/title_share"
        )
    people = table.groups[0].people
    whole = sum((Fraction(person.weight) for person in people), Fraction(0))
    given = {person.key: Fraction(person.weight) / whole for person in people if person.weight}
    if given != {key: Fraction(share) / Fraction(granted) for key, share in holders.items()}:
        raise errors.NotTheTitle(
            reason="shares_of_people", granted=granted, unit=unit_share, pointer="/body/table/groups"
        )


def require_elected(table: Table, *, holders: Mapping[str, Decimal], elects_reward: bool) -> None:
    """A grant that came after the table was signed ends the reward, until the completers have elected it."""
    granted = sum(holders.values(), Decimal(0))
    if granted and table.basis is Basis.REWARD and not elects_reward:
        raise errors.GrantOrReward(granted=granted, pointer="/body/share_table_id")
