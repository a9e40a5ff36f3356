"""Any needed officers open a lot, fewer cannot, and a false share is told by its digest."""

from __future__ import annotations

from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.trading.sealed.envelopes import new_key, public_half
from techmarket.trading.sealed.shares import BadSplit, Share, combine, is_genuine, split

LOT = UUID("0190c0de-0000-7000-8000-000000000001")


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 4).flatmap(lambda needed: st.tuples(st.just(needed), st.integers(needed + 1, 6))))
def test_every_choice_of_needed_officers_opens_and_no_smaller_one(split_as):
    needed, officers = split_as
    key = new_key()
    shares = split(key, needed=needed, officers=officers)
    assert [share.index for share in shares] == list(range(1, officers + 1))
    for chosen in combinations(shares, needed):
        assert combine(chosen, needed=needed, public_key=public_half(key)) == key
    for fewer in combinations(shares, needed - 1):
        assert combine(fewer, needed=needed, public_key=public_half(key)) is None
        # Taking fewer shares for all there are gives another key, not a part of this one.
        assert combine(fewer, needed=needed - 1, public_key=public_half(key)) is None


def test_all_but_the_needed_shares_may_be_lost():
    key = new_key()
    assert combine(split(key, needed=3, officers=5)[2:], needed=3, public_key=public_half(key)) == key


@pytest.mark.parametrize("needed, officers", [(1, 5), (0, 2), (3, 3), (4, 3), (2, 10), (-1, 3)])
def test_one_officer_alone_or_none_to_spare_is_no_split(needed, officers):
    with pytest.raises(BadSplit):
        split(new_key(), needed=needed, officers=officers)


def test_a_wrong_share_is_named_by_its_digest():
    shares = split(new_key(), needed=2, officers=3)
    digests = {share.index: share.digest(LOT) for share in shares}
    assert all(is_genuine(share, digests, LOT) for share in shares)
    assert not is_genuine(Share(1, shares[1].body), digests, LOT)
    assert not is_genuine(Share(4, shares[0].body), digests, LOT)
    assert not is_genuine(Share(1, shares[0].body[:31] + b"\0\0"), digests, LOT)
    assert not is_genuine(shares[0], digests, UUID(int=1))


def test_a_dealer_who_gave_one_officer_a_false_share_does_not_keep_the_others_from_opening():
    key = new_key()
    shares = split(key, needed=3, officers=5)
    false = Share(1, bytes(32))
    assert combine([false, *shares[1:3]], needed=3, public_key=public_half(key)) is None
    assert combine([false, *shares[1:4]], needed=3, public_key=public_half(key)) == key


def test_the_same_share_twice_counts_once():
    key = new_key()
    first, second, _ = split(key, needed=2, officers=3)
    assert combine([first, first], needed=2, public_key=public_half(key)) is None
    assert combine([first, first, second], needed=2, public_key=public_half(key)) == key


def test_a_share_does_not_show_itself():
    share = split(new_key(), needed=2, officers=3)[0]
    assert repr(share) == "Share(index=1)"
