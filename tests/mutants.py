"""Take the guards of a room out of the code, one by one, and see that its tests notice: part of `make mutants`.

Each mutant is a copy of the sources with one guard gone. A mutant that lives is a guard that nothing watches. Guards
are found, not listed: every condition that leads to a refusal (each alternative of an `or` by itself), and every call
that refuses by itself (`require…`) or keeps others out (`lock_name`).
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from tests.pg import TestRun, TestServer

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"
FIXTURE = re.compile(r"\b(tx|api|database_url)\b")
"""A test file that names none of these needs no database."""


@dataclass(frozen=True)
class Guard:
    """A stretch of a file under src/techmarket, and what stands there once it is gone."""

    path: str
    line: int
    begin: int
    end: int
    weakened: str
    text: str

    def taken_out(self) -> str:
        whole = (SOURCES / "techmarket" / self.path).read_bytes()
        return (whole[: self.begin] + self.weakened.encode() + whole[self.end :]).decode()

    @property
    def key(self) -> tuple[str, str]:
        return self.path, " ".join(self.text.split())

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.key[1]}"


def guards_of(path: str) -> Iterator[Guard]:
    """The guards of one file, from its top to its bottom."""
    text = (SOURCES / "techmarket" / path).read_text()
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def guard(node: ast.AST, weakened: str) -> Guard:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        return Guard(path, node.lineno, begin, end, weakened, text.encode()[begin:end].decode())

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise):
            alternatives = node.test.values if isinstance(node.test, ast.BoolOp) and _is_or(node.test) else [node.test]
            for one in alternatives:
                named = next((part.target.id for part in ast.walk(one) if isinstance(part, ast.NamedExpr)), None)
                yield guard(one, "False" if named is None else f"({named} := None)")
        elif isinstance(node, ast.Expr):
            call = node.value.value if isinstance(node.value, ast.Await) else node.value
            if isinstance(call, ast.Call) and _name(call.func).lstrip("_").startswith(("require", "lock_name")):
                yield guard(node, "pass")


def _is_or(test: ast.BoolOp) -> bool:
    return isinstance(test.op, ast.Or)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


class Runner:
    """Runs tests over a copy of the sources: what takes seconds to import is imported once, and each run is a fork."""

    def __init__(self) -> None:
        command = [sys.executable, "-u", "-c", "from tests.mutants import _serve; _serve()"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def passes(self, sources: Path, tests: Sequence[Path]) -> bool:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = ["-q", "-x", "-n", "0", "-o", f"pythonpath={sources} .", *map(str, tests)]
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        if code not in (0, 1, 2):  # 2: it cannot even be imported any more
            raise RuntimeError(f"pytest ended with {code}")
        return code == 0

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def _serve() -> None:
    """The other end: our own modules are forgotten again, what they need of others stays."""
    import tests.conftest  # noqa: F401

    for collector in list(REGISTRY._collector_to_names):
        REGISTRY.unregister(collector)
    for name in [one for one in sys.modules if one.partition(".")[0] in ("techmarket", "tests")]:
        del sys.modules[name]
    answers = os.dup(1)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            silence = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silence, stream)
            asked = json.loads(line)
            os.environ["PYTHONPATH"] = asked[5].split("=")[1].split()[0]  # for the processes that the tests start
            os._exit(pytest.main(asked))
        _, status = os.waitpid(child, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def lives(runner: Runner, guard: Guard, tests: Sequence[Path]) -> bool:
    """Whether the tests pass although the guard is gone."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(SOURCES, copy)  # with what was compiled before
        (copy / "techmarket" / guard.path).write_text(guard.taken_out())
        return runner.passes(copy, tests)


def main(
    watched: Mapping[str, Sequence[str]], same: Mapping[tuple[str, str], str], folder: Path, wanted: Sequence[str]
) -> int:
    """Every guard of `watched` (a file under src/techmarket -> its tests under `folder`), but for those of `same`:
    guards whose absence nobody could notice, each with the reason."""
    found = [(guard, path) for path in watched for guard in sorted(guards_of(path), key=lambda one: one.begin)]
    if gone := sorted(set(same) - {guard.key for guard, _ in found}):
        raise ValueError(f"no longer in the code: {gone}")
    chosen = [
        (guard, [folder / one for one in watched[path]])
        for guard, path in found
        if guard.key not in same and (not wanted or any(one in str(guard) for one in wanted))
    ]
    alive = 0
    run = TestRun()  # one server for all of them, if any asks for one; the first that does migrates
    asks = any(FIXTURE.search(path.read_text()) for _, tests in chosen for path in tests)
    server, runner = TestServer() if asks else None, Runner()
    try:
        for guard, tests in chosen:
            is_alive = lives(runner, guard, tests)
            alive += is_alive
            print(f"{'LIVES ' if is_alive else 'caught'}  {guard}", flush=True)
    finally:
        runner.stop()
        if server is not None:
            server.stop()
        run.end()
    print(f"{len(chosen) - alive} of {len(chosen)} guards are watched")
    return 1 if alive else 0
