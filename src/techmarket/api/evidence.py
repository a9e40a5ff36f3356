"""Evidence over HTTP: a file streamed in under its hash, and streamed out to whoever may read what names it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from techmarket.api.deps import FilesDep, MarketRoute, SignedIn, TxDep, streamed_body
from techmarket.api.errors import BrokenOff
from techmarket.api.limits import BodyRule
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Wire
from techmarket.db.files import EmptyFile, FileTooLarge, WrongFileType
from techmarket.notices import errors, service
from techmarket.notices.evidence import MEDIA, SIZE_MAX
from techmarket.notices.views import EvidenceView

router = APIRouter(prefix="/v1", tags=["notices"], route_class=MarketRoute)

UPLOAD_SECONDS = 300.0
BODIES = (BodyRule("/v1/evidence", bytes_max=SIZE_MAX, media=MEDIA, streamed=True, seconds=UPLOAD_SECONDS),)

SHA256_SAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of the text "test"
Sha256InPath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", examples=[SHA256_SAMPLE])]
BYTES: dict[int | str, dict[str, object]] = {
    200: {"content": {one: {} for one in ("application/octet-stream", *MEDIA)}}
}


class EvidenceOut(Wire):
    sha256: str
    size: int
    media_type: str
    at: datetime


@router.post(
    "/evidence",
    status_code=201,
    response_model=EvidenceOut,
    operation_id="uploadEvidence",
    responses=refusals(errors.EvidenceTorn, errors.TooMuchEvidence, WrongFileType, FileTooLarge, EmptyFile, BrokenOff),
    openapi_extra={
        "x-streamed": True,
        "requestBody": {
            "required": True,
            "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA},
        },
    },
)
async def upload_evidence(request: Request, actor: SignedIn, tx: TxDep, files: FilesDep) -> object:
    """Keep a photograph, an image of a page or a paper as evidence; postings and objections name it by its hash."""
    return await service.upload_evidence(
        tx,
        files,
        actor,
        media_type=request.headers.get("content-type", "").partition(";")[0].strip().lower(),
        chunks=streamed_body(request),
    )


def download(view: EvidenceView, chunks: AsyncIterator[bytes]) -> StreamingResponse:
    """Always a download under its hash: nothing a stranger uploaded is shown as a page of the market."""
    return StreamingResponse(
        chunks,
        media_type=view.media_type,
        headers={
            "Content-Length": str(view.size),
            "Content-Disposition": f'attachment; filename="{view.sha256}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "ETag": f'"{view.sha256}"',
        },
    )
