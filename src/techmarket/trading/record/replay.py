"""The replay (重放): a record is read line by line, and every lot is decided again by the rules it was announced under.

Each check has a name; the first line that does not fit ends the reading. What a line may not tell (who bids, what is
sealed in proposals) is not in the record, and what could not be checked without it is counted as such.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from techmarket.kernel.canonical import NotCanonical, canonical_json, sha256_hex
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.seals import SealKey
from techmarket.trading.record import form
from techmarket.trading.record.lots import LotReplay
from techmarket.trading.record.misfits import Misfit, require
from techmarket.transparency import evidence
from techmarket.transparency.evidence import Unproven
from techmarket.transparency.keyset import key_for, trusted_keys
from techmarket.transparency.offline import Checkpoint

CHECKS: Mapping[str, tuple[str, str]] = {
    "form": ("每行均为规范写法且位置正确", "every line is in its one spelling and in its place"),
    "terms": ("公告条款的哈希与各标的条款一致", "the announced terms have the stated hash, and the lots are theirs"),
    "checkpoint": ("日志检查点由受信任的密钥签发", "the log's checkpoint is signed by a trusted key"),
    "inclusion": ("日志记录在该检查点之内", "the entries of the log lie under that checkpoint"),
    "log": ("日志记录与本公开记录所述一致", "what the log says is what the record says"),
    "times": ("开放、暂停、恢复和截止时间按规则推算一致", "opening, pauses and ends are as the rules count them"),
    "order": ("报价序号连续，时间不倒退", "the bids are numbered without a gap, in the order of time"),
    "verdict": ("每一报价按规则重新判定，结果一致", "every bid is decided again to the same verdict"),
    "chain": ("哈希链逐条重新计算，结果一致", "the chain is computed again, link by link"),
    "batches": ("每批报价的范围和链头与日志一致", "the log holds every batch: its range and the chain after it"),
    "reserve": ("保留价与公告的摘要一致", "the reserve price opens the digest that was announced"),
    "opening": ("密封报价以公开的密钥重新开启，结果一致", "the envelopes are opened again with the published key"),
    "panel": ("评委评分由各评分表重新计算", "the panel's points are computed again from its sheets"),
    "afterwards": (
        "会后最终报价与承诺一致，优先购买权依公告行使",
        "final prices open what was committed to, first refusals are exercised as announced",
    ),
    "award": ("成交者、成交价和备选者按规则得出", "winner, price and runner-up follow from the rules"),
    "seal": ("整份记录由受信任的密钥签署，未被截断", "the whole record is under the market's seal, nothing cut off"),
}


@dataclass
class Told:
    """What became of one lot, as the replay found it again."""

    n: int
    method: str
    state: str
    bids: int
    chain: str
    effective_end: str | None
    winner: int | None
    price_minor: int | None
    runner_up: int | None
    is_decided_again: bool


@dataclass
class Findings:
    """How often each check held, what could not be checked, and the first line that does not fit."""

    number: str = ""
    lines: int = 0
    held: Counter[str] = field(default_factory=Counter)
    not_checked: Counter[str] = field(default_factory=Counter)
    lots: list[Told] = field(default_factory=list)
    fault: Misfit | None = None
    fault_line: int = 0
    keys_from_file: bool = False

    @property
    def fits(self) -> bool:
        return self.fault is None


class Replay:
    """Reads a record line by line; holds one lot at a time and of its book the last state only."""

    def __init__(self, trusted: Mapping[str, SealKey] | None = None) -> None:
        self._trusted = trusted
        self.found = Findings(keys_from_file=trusted is None)
        self._hash = hashlib.sha256()
        self._header: Mapping[str, Any] | None = None
        self._checkpoint: Checkpoint | None = None
        self._lot: LotReplay | None = None
        self._seen_lots = 0
        self._announced = False
        self._ended = False
        self._takes: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "record": self._take_header,
            "entry": self._take_entry,
            "withheld": self._take_withheld,
            "lot": self._take_lot,
            "end": self._take_end,
        }

    def feed(self, raw: bytes) -> bool:
        """Take the next line, without its end; False once one did not fit, and from then on."""
        if not self.found.fits:
            return False
        self.found.lines += 1
        try:
            self._take(raw)
        except Misfit as misfit:
            self.found.fault, self.found.fault_line = misfit, self.found.lines
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError, Refusal) as error:
            # A line of the right kind with other content than the form knows.
            self.found.fault = Misfit("form", f"{type(error).__name__}: {error}")
            self.found.fault_line = self.found.lines
        return self.found.fits

    def finish(self) -> Findings:
        """Everything was fed."""
        if self.found.fits and not self._ended:
            self.found.fault = Misfit("seal", "the record has no last line: it was cut off")
            self.found.fault_line = self.found.lines + 1
        return self.found

    def _take(self, raw: bytes) -> None:
        try:
            said = json.loads(raw.decode("utf-8"))
            spelled = canonical_json(said)
        except (ValueError, RecursionError, NotCanonical) as error:
            raise Misfit("form", "the line is not canonical JSON") from error
        require(spelled == raw and isinstance(said, dict), "form", "the line is not in its one spelling")
        require(not self._ended, "form", "nothing stands behind the last line")
        kind = said.get("line")
        require((kind == "record") == (self._header is None), "form", "the first line, and no other, is the header")
        take = self._takes.get(str(kind))
        if take is not None:
            take(said)
        else:
            require(self._lot is not None, "form", f"a line “{kind}” belongs to a lot")
            assert self._lot is not None
            self._lot.take(str(kind), said)
        if kind != "end":
            self._hash.update(raw + b"\n")
        self.found.held["form"] += 1

    def _take_header(self, said: Mapping[str, Any]) -> None:
        require(said["form"] == form.FORM, "form", f"the form is not {form.FORM}")
        self._header = said
        self.found.number = str(said["trade"]["number"])
        require(
            sha256_hex(canonical_json(said["terms"])) == said["trade"]["terms_sha256"], "terms", "the hash of the terms"
        )
        self.found.held["terms"] += 1
        if self._trusted is None:
            self._trusted = trusted_keys(said["keys"])
        log = said["log"]
        if log is None:
            self.found.not_checked["no checkpoint yet"] += 1
            return
        with _Proving():
            self._checkpoint = evidence.check_checkpoint(
                log["checkpoint"], key_for(self._trusted, log["kid"], "log"), log["log_id"]
            )
        self.found.held["checkpoint"] += 1

    def _take_entry(self, said: Mapping[str, Any]) -> None:
        """An entry of the log: proven where a checkpoint covers it, and in every case what it says is compared."""
        with _Proving():
            if said["position"] is None:
                row = evidence.read_row(said, "inclusion")
                self.found.not_checked["entries that no checkpoint covers yet"] += 1
            else:
                require(self._checkpoint is not None, "inclusion", "a proof without a checkpoint")
                assert self._checkpoint is not None
                row = evidence.check_included(said, self._checkpoint)
                self.found.held["inclusion"] += 1
        if self._lot is None:
            self._compare_trade(row)
        else:
            self._lot.compare(row)
        self.found.held["log"] += 1

    def _take_withheld(self, said: Mapping[str, Any]) -> None:
        self.found.not_checked["entries that name who may not be known"] += 1
        if self._lot is not None:
            self._lot.withhold(str(said["kind"]))

    def _compare_trade(self, row: Mapping[str, Any]) -> None:
        assert self._header is not None
        trade, refs, facts = self._header["trade"], refs_of(row), row["facts"]
        kind = row["kind"]
        if kind == "trading.announced":
            self._announced = True
            said = (refs["trade"], facts["number"], facts["terms_sha256"], facts["method"])
            wanted = (trade["id"], trade["number"], trade["terms_sha256"], trade["method"])
            require(said == wanted, "log", "the announcement in the log is of another trade or of other terms")
        elif kind == "notices.opened":
            notice = next((one for one in self._header["notices"] if one["id"] == refs["notice"]), None)
            require(
                notice is not None
                and facts["document_sha256"] == notice["document_sha256"]
                and facts["subject"] == f"trade:{trade['id']}",
                "log",
                "the notice in the log is another",
            )
        elif kind.startswith("trading."):
            require(refs.get("trade") == trade["id"], "log", f"{kind} is of another trade")

    def _take_lot(self, said: Mapping[str, Any]) -> None:
        assert self._header is not None
        require(self._announced, "log", "the announcement of the trade is not in the record")
        self._leave_lot()
        listed = self._header["lots"]
        require(
            self._seen_lots < len(listed) and listed[self._seen_lots] == {"id": said["lot"], "n": said["n"]},
            "form",
            "the lots stand in the order of the header",
        )
        self._seen_lots += 1
        self._lot = LotReplay(self._header, said, self.found.held, self.found.not_checked)

    def _leave_lot(self) -> None:
        if self._lot is None:
            return
        lot = self._lot
        lot.leave()
        leading = lot.winner
        self.found.lots.append(
            Told(
                lot.n,
                lot.method,
                lot.state,
                lot.course.seq,
                lot.course.chain.hex(),
                None if lot.course.periods is None else form.written(lot.course.periods.effective_end),
                None if leading is None else leading.number,
                None if leading is None else leading.price_minor,
                lot.runner_up,
                lot.is_decided_again,
            )
        )
        self._lot = None

    def _take_end(self, said: Mapping[str, Any]) -> None:
        assert self._header is not None
        assert self._trusted is not None
        self._leave_lot()
        require(self._seen_lots == len(self._header["lots"]), "form", "a lot of the header is missing")
        digest = self._hash.digest()
        require(said["lines"] == self.found.lines - 1, "seal", "the number of lines")
        require(said["sha256"] == digest.hex(), "seal", "the hash of all lines")
        key = key_for(self._trusted, said["kid"], "receipts")
        require(key is not None, "seal", "the seal is of a key that is not trusted")
        assert key is not None
        require(form.is_sealed(digest, bytes.fromhex(said["signature"]), key), "seal", "the seal does not verify")
        self.found.held["seal"] += 1
        self._ended = True


class _Proving:
    """The checks of the log, by the names they have here."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Unproven):
            raise Misfit(error.check, "the proof does not hold") from error


def refs_of(row: Mapping[str, Any]) -> dict[str, str]:
    return dict(ref.split(":", 1) for ref in row["refs"])
