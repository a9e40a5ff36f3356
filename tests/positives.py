"""Which operations really succeed: a run of all tests hears an answer of success of each, in the promised shape.

A plugin of every run. It listens to the requests that go into an application in process and keeps of each operation the
first answer of success of each status and type. After a run of all tests it is an error if an operation gave none that
its document describes; what it does not describe beside one that it does is told. `no_success.json` beside this file
holds those of which none is asked, each with its reason; the list may only become shorter, and the run tells which of
them did succeed. `python -m tests.positives FOLDER` says the same of runs of parts that `TECHMARKET_POSITIVES=FOLDER`
kept.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from httpx import ASGITransport

from techmarket.cli.examples import Shapes
from tests.pg import STATE_VARIABLE

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "api_specs" / "openapi.json"
EXCUSED = Path(__file__).with_name("no_success.json")
KEPT_IN = "TECHMARKET_POSITIVES"
PREFIX = "positives-"

_verdict = pytest.StashKey["Verdict"]()


class Verdict(NamedTuple):
    """What is wrong, what is told, which excuses are not needed any more, and how many operations succeeded."""

    wrong: list[str]
    told: list[str]
    needless: list[str]
    succeeded: int
    of: int

    def lines(self) -> list[str]:
        told = [f"{self.succeeded} of {self.of} operations were heard to succeed", *self.wrong, *self.told]
        if self.needless:
            told.append(f"no excuse is needed in {EXCUSED.name} for {', '.join(self.needless)}")
        return told


class Operation(NamedTuple):
    name: str
    template: re.Pattern[str]
    literals: int


@lru_cache(maxsize=1)
def _operations() -> Mapping[tuple[str, int], list[Operation]]:
    """By method and number of parts, those with more fixed parts first."""
    found: dict[tuple[str, int], list[Operation]] = {}
    for path, item in json.loads(DOCUMENT.read_text())["paths"].items():
        parts = path.split("/")
        pattern = re.compile("/".join(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(part)) for part in parts))
        for method, operation in item.items():
            here = Operation(operation["operationId"], pattern, sum("{" not in part for part in parts))
            found.setdefault((method.upper(), len(parts)), []).append(here)
    for candidates in found.values():
        candidates.sort(key=lambda one: -one.literals)
    return found


def operation_of(method: str, path: str) -> str | None:
    candidates = _operations().get((method, path.count("/") + 1), ())
    found = next((one.name for one in candidates if one.template.fullmatch(path)), None)
    if found is None and path.startswith("/tlog/tile/"):  # where the last part is itself a path, by C2SP's rule
        parts = path.split("/")
        return operation_of(method, "/".join(parts[:5])) if len(parts) > 5 else None
    return found


def pytest_configure(config: pytest.Config) -> None:
    seen: set[tuple[str, int, str]] = set()
    inner = ASGITransport.handle_async_request

    async def heard(self: ASGITransport, request: httpx.Request) -> httpx.Response:
        response = await inner(self, request)
        if response.is_success:
            name = operation_of(request.method, request.url.path)
            media = response.headers.get("content-type", "").partition(";")[0]
            if name is not None and (name, response.status_code, media) not in seen:
                line = {"name": name, "status": response.status_code, "media": media}
                raw = b"".join([piece async for piece in response.aiter_raw()])
                got = _again(response, raw).read()
                response = _again(response, raw)  # unread, as whoever asked expects it
                if got and (media == "application/json" or media.endswith("+json")):
                    line["got"] = json.loads(got)
                if not _keep(line):
                    return response
                seen.add((name, response.status_code, media))
        return response

    ASGITransport.handle_async_request = heard  # type: ignore[method-assign]


def _again(response: httpx.Response, raw: bytes) -> httpx.Response:
    return httpx.Response(
        response.status_code, headers=response.headers, stream=httpx.ByteStream(raw), extensions=response.extensions
    )


def _keep(line: Mapping[str, Any]) -> bool:
    folder = os.environ.get(KEPT_IN) or os.environ.get(STATE_VARIABLE)
    if folder is None or not Path(folder).is_dir():
        return False
    with (Path(folder) / f"{PREFIX}{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return True


def read(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob(f"{PREFIX}*.jsonl")):
        with file.open() as lines:
            yield from (json.loads(line) for line in lines)


def judged(heard: Iterator[dict[str, Any]]) -> Verdict:
    document = json.loads(DOCUMENT.read_text())
    shapes = Shapes(document)
    operations = {one["operationId"]: one for item in document["paths"].values() for one in item.values()}
    excused: dict[str, str] = json.loads(EXCUSED.read_text())
    wrong, told, succeeded = (
        [f"{one}: excused, and no operation" for one in excused.keys() - operations.keys()],
        [],
        set(),
    )
    for one in heard:
        complaint = _complaint(one, operations[one["name"]], shapes)
        if complaint is None:
            succeeded.add(one["name"])
        else:
            told.append(f"{one['name']}: {complaint}")
    never = operations.keys() - succeeded - excused.keys()
    wrong += [f"{name}: no test heard it succeed" for name in sorted(never)]
    return Verdict(wrong, sorted(set(told)), sorted(excused.keys() & succeeded), len(succeeded), len(operations))


def _complaint(one: Mapping[str, Any], operation: Mapping[str, Any], shapes: Shapes) -> str | None:
    answer = operation["responses"].get(str(one["status"]))
    if answer is None:
        return f"{one['status']} is no answer of it"
    contents = answer.get("content", {})
    if not contents:
        return None if "got" not in one else f"{one['status']} has a body that is not described"
    content = next((of for kind, of in contents.items() if kind.partition(";")[0] == one["media"]), None)
    if content is None:
        return f"{one['status']} comes as {one['media'] or 'nothing'}"
    return shapes.complaint(content.get("schema", {}), one["got"]) if "got" in one else None


def _is_of_everything(config: pytest.Config) -> bool:
    option = config.option
    narrowed = option.keyword or option.markexpr or option.deselect or option.ignore or option.collectonly
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not narrowed


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if hasattr(session.config, "workerinput") or exitstatus != pytest.ExitCode.OK:
        return
    folder = os.environ.get(STATE_VARIABLE)
    if folder is not None and KEPT_IN not in os.environ and _is_of_everything(session.config):
        verdict = session.config.stash[_verdict] = judged(read(Path(folder)))
        if verdict.wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    verdict = config.stash.get(_verdict, None)
    if verdict is not None:
        terminalreporter.section("operations and their success", red=bool(verdict.wrong))
        for line in verdict.lines():
            terminalreporter.line(line)


def main() -> int:
    verdict = judged(line for folder in sys.argv[1:] for line in read(Path(folder)))
    print(*verdict.lines(), sep="\n")
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
