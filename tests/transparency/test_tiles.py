"""The tree in tiles, as C2SP tlog-tiles names and cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import rules, service
from techmarket.transparency.tiles import Tile, tiles_of
from tests.transparency.make import write, write_at_once


def test_an_index_is_written_in_groups_of_three_digits_all_but_the_last_marked() -> None:
    assert Tile(0, 1234067).path == "0/x001/x234/067"
    assert Tile(3, 7).path == "3/007"
    assert Tile(0, 273, 112).path == "0/273.p/112"
    assert Tile(1, 1000, 1).path == "1/x001/000.p/1"


@given(level=st.integers(0, 63), index=st.integers(0, 10**12), width=st.integers(1, 256))
@settings(max_examples=100)
def test_every_tile_has_one_address_that_leads_back_to_it(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    first, _, rest = tile.path.partition("/")
    assert Tile.parse(first, rest) == tile


@pytest.mark.parametrize(
    ("level", "path"),
    [
        ("00", "000"),
        ("64", "000"),
        ("-1", "000"),
        ("٣", "000"),
        ("0", "0"),
        ("0", "0000"),
        ("0", "x000/001"),
        ("0", "001/002"),
        ("0", "x001/x002"),
        ("0", "000.p/0"),
        ("0", "000.p/256"),
        ("0", "000.p/01"),
        ("0", "000.p/"),
        ("0", "../000"),
        ("0", "x001/" * 12 + "000"),
        ("", ""),
    ],
)
def test_any_other_spelling_names_no_tile(level: str, path: str) -> None:
    assert Tile.parse(level, path) is None


def test_the_tiles_of_a_log_are_those_that_the_specification_counts() -> None:
    tiles = tiles_of(70_000)
    assert [(len([t for t in tiles if t.level == n and t.width == 256])) for n in range(4)] == [273, 1, 0, 0]
    assert [t for t in tiles if t.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert tiles_of(256) == [Tile(0, 0), Tile(1, 0, 1)]
    assert tiles_of(0) == []
    assert all(tile.is_within(70_000) for tile in tiles)
    assert not any(Tile(t.level, t.index + 1, t.width).is_within(70_000) for t in tiles if t.width < 256)


async def test_from_the_tiles_alone_a_stranger_computes_the_root_that_was_signed(means) -> None:
    await write_at_once(means, 600)
    checkpoint = await service.get_checkpoint(means.tx, ANONYMOUS)
    got = {tile: await service.get_tile(means.tx, ANONYMOUS, tile) for tile in tiles_of(600)}
    assert [(tile.level, tile.index, len(body) // 32) for tile, body in got.items()] == [
        (0, 0, 256),
        (0, 1, 256),
        (0, 2, 88),
        (1, 0, 2),
    ]
    leaves = [body[n : n + 32] for tile, body in got.items() if tile.level == 0 for n in range(0, len(body), 32)]
    assert rules.root_of(leaves).hex() == checkpoint.root
    assert got[Tile(1, 0, 2)] == rules.root_of(leaves[:256]) + rules.root_of(leaves[256:512])


async def test_a_tile_beyond_the_newest_checkpoint_is_not_there(means) -> None:
    for tile in (Tile(0, 0, 1), Tile(0, 0)):
        with pytest.raises(NotFound):
            await service.get_tile(means.tx, ANONYMOUS, tile)
    await write(means, 5)
    assert len(await service.get_tile(means.tx, ANONYMOUS, Tile(0, 0, 5))) == 160
    assert len(await service.get_tile(means.tx, ANONYMOUS, Tile(0, 0, 3))) == 96  # of an earlier checkpoint
    for tile in (Tile(0, 0, 6), Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1), Tile(7, 0, 1)):
        with pytest.raises(NotFound):
            await service.get_tile(means.tx, ANONYMOUS, tile)
