"""A witness (见证方): somebody else, in another place, who remembers what the log once was and signs only what follows.

He keeps one state file: the largest checkpoint of each log he has seen. A new one he signs only if the log's own key
signed it and a consistency proof shows that it merely added to that; a fork, a rewritten or a shortened log is refused,
and the refusal is the alarm. The protocol is C2SP tlog-witness (`add-checkpoint`), the answer C2SP tlog-cosignature.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from techmarket.kernel.seals import Seal, SealKey
from techmarket.transparency import offline, rules
from techmarket.transparency.offline import Checkpoint, NotACheckpoint, Verifier

PROOF_MAX = 63
REQUEST_MAX = offline.NOTE_MAX + 100 * (PROOF_MAX + 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type and body, as the protocol wants them over HTTP."""

    status: int
    body: str
    media_type: str = "text/plain; charset=utf-8"

    @property
    def is_signed(self) -> bool:
        return self.status == 200


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest checkpoint of one log that this witness has signed."""

    size: int
    root: bytes
    note: str


def request_of(old_size: int, path: Collection[bytes], note: str) -> str:
    """What a log sends: the size the witness saw last, the proof from there, and the new checkpoint."""
    return "".join([f"old {old_size}\n", *(f"{offline.encoded(step)}\n" for step in path), "\n", note])


class Witness:
    """One witness in one folder. `log_keys` are the keys he trusts the log to sign with.

    The first log that comes signed by them is the one he watches. Another (opened after a restore, say) he takes up
    only when a person tells him to, by name: a log that could change its name at will could leave its past behind.
    """

    def __init__(self, folder: Path, name: str, log_keys: Collection[SealKey]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = folder / "seen.json"
        self._lock_file = folder / "seen.lock"
        self._log_keys = tuple(log_keys)
        self._seal = _seal_in(folder / "witness.pem")
        self.verifier = Verifier(name, self._seal.public)

    def seen(self) -> dict[str, Seen]:
        """What he remembers, by the log's origin."""
        if not self._file.exists():
            return {}
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        return {origin: Seen(int(one["size"]), bytes.fromhex(one["root"]), one["note"]) for origin, one in kept.items()}

    def accept_log(self, origin: str) -> None:
        """A person says that this log, too, is to be watched."""
        with self._alone():
            seen = self.seen()
            if origin not in seen:
                self._keep({**seen, origin: Seen(0, rules.EMPTY_ROOT, "")})

    def add_checkpoint(self, request: str, *, now: datetime | None = None) -> Answer:
        """Judge a checkpoint against everything seen before; it is remembered before the signature leaves."""
        try:
            old_size, path, note = _parsed(request)
            checkpoint = offline.read_checkpoint(note)
        except (ValueError, IndexError):
            return Answer(400, "the request is not an add-checkpoint request\n")
        with self._alone():
            seen = self.seen()
            if seen and checkpoint.origin not in seen:
                return Answer(404, "this log is not known here\n")
            if not self._is_by_the_log(note):
                return Answer(403, "the checkpoint is not signed by a key of the log\n")
            last = seen.get(checkpoint.origin, Seen(0, rules.EMPTY_ROOT, ""))
            refusal = _judge(last, checkpoint, old_size, path)
            if refusal is not None:
                return refusal
            line = offline.cosign(checkpoint, self.verifier.name, self._seal, now or datetime.now(UTC))
            self._keep({**seen, checkpoint.origin: Seen(checkpoint.size, checkpoint.root, note + line)})
            return Answer(200, line)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One judgement at a time, of all threads and all processes over this folder."""
        with self._lock_file.open("w") as lock:  # opened anew each time: a lock is of the opening, not of the process
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _is_by_the_log(self, note: str) -> bool:
        for key in self._log_keys:
            try:
                offline.open_checkpoint(note, key)
            except NotACheckpoint:
                continue
            return True
        return False

    def _keep(self, seen: dict[str, Seen]) -> None:
        """Written beside, made durable, then put in place: a crash leaves the old memory or the new one."""
        kept = {
            origin: {"size": one.size, "root": one.root.hex(), "note": one.note} for origin, one in sorted(seen.items())
        }
        beside = self._file.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)


def _judge(last: Seen, checkpoint: Checkpoint, old_size: int, path: list[bytes]) -> Answer | None:
    """Why this checkpoint is refused; None when it only adds to the last one."""
    if old_size > checkpoint.size:
        return Answer(400, "the old size is larger than the checkpoint\n")
    if old_size != last.size:
        return Answer(409, f"{last.size}\n", "text/x.tlog.size")
    if checkpoint.size == last.size:
        if checkpoint.root != last.root:
            return Answer(409, f"{last.size}\n", "text/x.tlog.size")
        holds = not path
    elif last.size == 0:
        holds = not path
    else:
        holds = rules.verify_consistency(last.size, checkpoint.size, path, last.root, checkpoint.root)
    return None if holds else Answer(422, "the checkpoint does not follow from the last one\n")


def _parsed(request: str) -> tuple[int, list[bytes], str]:
    head, separator, note = request.partition("\n\n")
    first, *proof = head.split("\n")
    digits = first.removeprefix("old ")
    if not separator or first == digits or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ValueError("the first line is not `old` and a size")
    if str(int(digits)) != digits or len(proof) > PROOF_MAX:
        raise ValueError("the size or the proof is not in its one spelling")
    return int(digits), [offline.decoded(step) for step in proof], note


def _seal_in(path: Path) -> Seal:
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(Seal.generate().to_pem())
    return Seal.from_pem(path.read_bytes())
