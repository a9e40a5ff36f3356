"""The log as C2SP tlog-tiles serves it: what monitors and witnesses of any make read without knowing this API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from techmarket.api.deps import MarketRoute, Reader, TxDep, spend_openly
from techmarket.api.errors import TooManyRequests
from techmarket.api.refusals import refusals
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import errors, service
from techmarket.transparency.tiles import Tile

router = APIRouter(prefix="/tlog", tags=["transparency"], route_class=MarketRoute)

Level = Annotated[str, Path(max_length=2, description="0 for leaf hashes, then up by 256 hashes into one")]
Index = Annotated[str, Path(max_length=40, description="x001/x234/067, and .p/112 behind a partial one")]
FOR_EVER = "public, max-age=31536000, immutable"


class _Note(Response):
    media_type = "text/plain; charset=utf-8"


class _Tile(Response):
    media_type = "application/octet-stream"


@router.get(
    "/checkpoint",
    response_class=_Note,
    operation_id="getTlogCheckpoint",
    responses=refusals(errors.NotUnderACheckpoint),
)
async def get_checkpoint(actor: Reader, tx: TxDep) -> Response:
    """The newest checkpoint as a signed note, with the lines of the witnesses that have signed it."""
    view = await service.get_checkpoint(tx, actor)
    return _Note(view.whole_note, headers={"Cache-Control": "public, max-age=2"})


@router.get(
    "/tile/entries/{index:path}",
    response_class=_Tile,
    operation_id="getTlogEntries",
    responses=refusals(TooManyRequests),
    dependencies=[Depends(spend_openly)],
)
async def get_entries(index: Index) -> Response:
    """There are no entry bundles: most entries are not for everyone. Who may see one fetches it with its proof."""
    raise errors.NoEntryBundles()


@router.get("/tile/{level}/{index:path}", response_class=_Tile, operation_id="getTlogTile", responses=refusals())
async def get_tile(level: Level, index: Index, actor: Reader, tx: TxDep) -> Response:
    """A tile of the tree: up to 256 hashes one after the other."""
    tile = Tile.parse(level, index)
    if tile is None:
        raise NotFound()
    return _Tile(await service.get_tile(tx, actor, tile), headers={"Cache-Control": FOR_EVER})
