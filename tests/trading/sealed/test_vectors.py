"""The vectors that stand beside docs/sealed-bids.md are what this market does, so that a stranger's client fits."""

from __future__ import annotations

import base64
import json
from itertools import combinations
from pathlib import Path
from uuid import UUID

from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import SUITE, Binding, open_envelope, public_half
from techmarket.trading.sealed.rules import Slot, Verdict
from techmarket.trading.sealed.shares import Share, combine

VECTORS = json.loads((Path(__file__).parents[3] / "docs" / "sealed-bids.vectors.json").read_text())
LOT, TERMS, KEY = UUID(VECTORS["lot"]), VECTORS["terms_sha256"], bytes.fromhex(VECTORS["private_key"])
SLOTS = [Slot(one["bidder"], base64.b64decode(one["envelope"])) for one in VECTORS["envelopes"]]


def test_each_envelope_opens_to_its_content_nonce_and_commitment():
    assert (VECTORS["suite"], VECTORS["public_key"]) == (SUITE, public_half(KEY).hex())
    for one, slot in zip(VECTORS["envelopes"], SLOTS, strict=True):
        binding = Binding(LOT, one["bidder"], TERMS)
        letter = open_envelope(slot.envelope, binding, KEY)
        assert binding.info().hex() == one["info"]
        assert slot.sha256 == one["envelope_sha256"]
        if letter is None:
            assert one["content"] is None
        else:
            assert (letter.content, letter.nonce.hex(), letter.commitment.hex()) == (
                one["content"],
                one["nonce"],
                one["commitment"],
            )


def test_the_slots_have_this_digest_and_this_draw():
    digest = rules.slots_digest(LOT, SLOTS)
    assert digest.hex() == VECTORS["slots_sha256"]
    assert rules.draw(KEY, digest, [slot.number for slot in SLOTS]) == VECTORS["drawn"]


def test_any_three_shares_give_the_key_and_each_has_this_digest():
    shares = [Share(one["n"], bytes.fromhex(one["share"])) for one in VECTORS["shares"]]
    assert [share.digest(LOT).hex() for share in shares] == [one["share_sha256"] for one in VECTORS["shares"]]
    for chosen in combinations(shares, VECTORS["needed"]):
        assert combine(chosen, needed=VECTORS["needed"], public_key=public_half(KEY)) == KEY


def test_an_envelope_in_anothers_slot_is_told_as_a_copy():
    copied = VECTORS["copied"]
    original = next(slot for slot in SLOTS if slot.number == copied["envelope_of"])
    slots = [original, Slot(copied["bidder"], original.envelope)]
    judged = rules.judge(slots, lot_id=LOT, terms_sha256=TERMS, private_key=KEY, read=rules.amount_in)
    assert {one.number: one.verdict for one in judged} == {
        copied["envelope_of"]: Verdict.COUNTED,
        copied["bidder"]: copied["verdict"],
    }
