"""The public record of a trade over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from techmarket.api.deps import KeysDep, MarketRoute, Reader, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Uuid
from techmarket.kernel.refusals import NotFound
from techmarket.trading import errors, service

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)


@router.get(
    "/trades/{trade_id}/record",
    operation_id="getTradeRecord",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "the record"},
        **refusals(NotFound, errors.RecordNotYet),
    },
)
async def get_trade_record(trade_id: Uuid, actor: Reader, tx: TxDep, keys: KeysDep) -> StreamingResponse:
    """The public record of a trade as JSON Lines, as soon as one of its lots is over: `techmarket replay` decides it
    again. Bidders by number, sealed quotes once they are open."""
    aside = await service.write_record(tx, keys, actor, trade_id)
    return StreamingResponse(
        _pieces(aside),
        media_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="trade-{trade_id}.jsonl"'},
    )


def _pieces(aside: IO[bytes]) -> Iterator[bytes]:
    with aside:
        while piece := aside.read(2**18):
            yield piece
