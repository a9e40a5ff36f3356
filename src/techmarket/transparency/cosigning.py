"""Asks the witnesses of the log to look: each is sent the newest checkpoint with the proof from what he saw last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import httpx
import structlog

from techmarket.db.means import Means, WitnessAddress
from techmarket.identity.actor import ANONYMOUS
from techmarket.transparency import offline, service
from techmarket.transparency.offline import Verifier
from techmarket.transparency.witness import request_of

log = structlog.get_logger("techmarket.transparency")
ANSWER_MAX = 16_384
Send: TypeAlias = Callable[[str, str], Awaitable[tuple[int, str]]]


async def post(url: str, request: str) -> tuple[int, str]:
    """One add-checkpoint request; status and the beginning of the answer."""
    async with httpx.AsyncClient(timeout=10.0, follow_redirects=False) as client:
        answer = await client.post(f"{url.rstrip('/')}/add-checkpoint", content=request.encode())
        return answer.status_code, answer.text[:ANSWER_MAX]


async def ask_all(means: Means, send: Send = post) -> int:
    """Every witness once; returns how many signed. One that does not answer is asked again the next time."""
    signed = 0
    for address in means.witnesses:
        try:
            signed += await ask(means, address, send)
        except (httpx.HTTPError, OSError) as error:
            log.warning("witness_unreachable", witness=address.verifier, error=type(error).__name__)
    return signed


async def ask(means: Means, address: WitnessAddress, send: Send = post) -> bool:
    """Whether this witness signed the newest checkpoint. No transaction is open while he is asked."""
    witness = Verifier.parse(address.verifier)
    waiting = await service.uncosigned(means.tx, witness)
    if waiting is None:
        return False
    checkpoint, old_size = waiting
    status, answer = await send(address.url, await _request(means, old_size, checkpoint.size, checkpoint.note))
    if status == 409 and answer.strip().isdigit() and 0 <= int(answer) <= checkpoint.size and int(answer) != old_size:
        # He remembers another size than we do: his word counts, and the proof starts there.
        request = await _request(means, int(answer), checkpoint.size, checkpoint.note)
        status, answer = await send(address.url, request)
    if status != 200:
        # Refused is the alarm: what we signed does not follow from what he saw.
        log.error("witness_refused", witness=witness.name, status=status, size=checkpoint.size)
        return False
    for line in answer.splitlines():
        at = offline.cosigned_at(checkpoint.note + line + "\n", witness)
        if at is not None:
            await service.keep_cosignature(means.tx, checkpoint.size, witness, line + "\n", at)
            return True
    log.error("witness_signature_wrong", witness=witness.name, size=checkpoint.size)
    return False


async def _request(means: Means, old_size: int, size: int, note: str) -> str:
    if not 0 < old_size < size:
        return request_of(old_size, [], note)
    proof = await service.get_consistency(means.tx, ANONYMOUS, from_size=old_size, to_size=size)
    return request_of(old_size, [bytes.fromhex(step) for step in proof.path], note)


def parse_witnesses(text: str) -> tuple[WitnessAddress, ...]:
    """Witnesses as a setting names them: verifier key and address in turn, separated by blanks."""
    words = text.split()
    if len(words) % 2:
        raise ValueError("witnesses are given as pairs of a verifier key and an address")
    pairs = [WitnessAddress(words[n], words[n + 1]) for n in range(0, len(words), 2)]
    for pair in pairs:
        if Verifier.parse(pair.verifier).algorithm != offline.COSIGNATURE:
            raise ValueError("a witness has a verifier key for cosignatures")
        if not pair.url.startswith(("https://", "http://")):
            raise ValueError("a witness has an http(s) address")
    return tuple(replace(pair, url=pair.url.rstrip("/")) for pair in pairs)
