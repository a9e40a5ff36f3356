"""What ships is known, above the floors, under licences that bind nobody, and the image holds no more than it needs."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FLOORS: dict[str, str] = tomllib.loads((ROOT / "deploy" / "version-floors.toml").read_text())["floors"]
LICENCES = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public License 2.0|Unlicense|Zlib|0BSD|HPND|CMU|CC0"
    r"|PostgreSQL|LLVM",
    re.IGNORECASE,
)
BINDING = re.compile(r"\b[AL]?GPL|General Public License|SSPL|Commons Clause|BUSL", re.IGNORECASE)


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SBOM, AUDIT = script("sbom"), script("audit")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_no_lock_goes_below_a_floor(lock: str) -> None:
    held = SBOM.pins(ROOT / lock)
    assert len(held) > 40
    below = [
        (name, held[name][0])
        for name, floor in FLOORS.items()
        if name in held and Version(held[name][0]) < Version(floor)
    ]
    assert below == []
    assert {"starlette", "cryptography", "asyncpg"} <= set(held)


def test_the_bill_of_materials_names_every_package_with_its_digests_and_its_licence() -> None:
    document = SBOM.document(ROOT / "requirements.lock")
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    held = SBOM.pins(ROOT / "requirements.lock")
    assert {(one["name"], one["version"]) for one in document["components"]} == {(n, v) for n, (v, _) in held.items()}
    assert [one["name"] for one in document["components"] if not one["hashes"]] == []


def test_every_licence_that_ships_is_one_that_binds_nobody() -> None:
    said = {
        one["name"]: one["licenses"][0]["license"]["name"]
        for one in SBOM.document(ROOT / "requirements.lock")["components"]
        if "licenses" in one
    }
    assert len(said) > 40
    assert {name: licence for name, licence in said.items() if BINDING.search(licence)} == {}
    assert {name: licence for name, licence in said.items() if not LICENCES.search(licence)} == {}


def test_what_an_audit_skipped_is_not_taken_for_clean() -> None:
    clean = {"name": "one", "version": "1", "vulns": []}
    weak = {"name": "two", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
    unseen = {"name": "three", "skip_reason": "not found on PyPI"}
    assert AUDIT.judged({"dependencies": [clean]})[0] == 0
    assert AUDIT.judged({"dependencies": [clean, unseen]}) == (
        2,
        ["not audited: three (not found on PyPI)", "2 packages: 0 known weaknesses, 1 not audited"],
    )
    assert AUDIT.judged({"dependencies": [clean, weak, unseen]})[0] == 1
    assert AUDIT.judged({"dependencies": []})[0] == 2


def test_the_image_is_lean_pinned_and_unprivileged() -> None:
    lines = [
        line.strip() for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")
    ]
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert [base for base in bases if ":" not in base or base.endswith(":latest")] == []
    assert bases[-1].endswith("-slim")
    assert [line for line in lines if line.startswith(("ADD", "VOLUME", "ONBUILD"))] == []
    tools = ("apt-get", "curl", "wget", "sudo", "chmod 777")
    assert [line for line in lines for tool in tools if tool in line] == []
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    users = [line.split()[1] for line in last if line.startswith("USER")]
    assert users == ["10001"], "named by number, so that a cluster can see that it is not root"
    assert last.index("USER 10001") < min(n for n, line in enumerate(last) if line.startswith("ENTRYPOINT"))
    assert [line for line in lines if re.search(r"(?:SECRET|PASSWORD|TOKEN|_KEY)\s*=", line)] == []
