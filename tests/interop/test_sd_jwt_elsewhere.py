"""A credential of ours is read by an SD-JWT library that others wrote in another language, where node is installed.

Its versions and the hashes of its packages stand in `package-lock.json`. Where node is missing, or its packages cannot
be fetched, the reference implementation in Python reads the same credentials instead, and the test says in its output
which of the two it was: either way it fails when they are not read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from techmarket.certification import verify
from tests.certification.test_verify import TRUSTED, Sample, public_jwk

HERE = Path(__file__).parent
WHERE = "read by @sd-jwt/core on node"
INSTEAD = "node or its packages are missing here: read by the Python reference implementation instead"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The library in a folder of its own, exactly as locked; None where there is no node or no way to its packages."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    folder = tmp_path_factory.mktemp("interop")
    for name in ("package.json", "package-lock.json", "check.mjs"):
        shutil.copy(HERE / name, folder / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        return None
    if "EINTEGRITY" in done.stderr:
        pytest.fail(f"the packages are not those that were locked: {done.stderr[-500:]}")
    return folder if done.returncode == 0 else None


def read(library: Path | None, credential: str) -> dict[str, Any] | None:
    """What the credential says to somebody else's program; None if it does not take it."""
    if library is None:
        try:
            found = SDJWTVerifier(credential, lambda issuer, header: JWK(**public_jwk()), None, None)
        except Exception:  # it names its refusals in many ways
            return None
        return dict(found.get_verified_payload())
    given = json.dumps({"credential": credential, "jwk": public_jwk()})
    done = subprocess.run(
        ["node", "check.mjs"], cwd=library, input=given, capture_output=True, text=True, timeout=60, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.mark.slow
def test_a_library_of_others_reads_what_is_shown_and_takes_nothing_that_was_changed(
    library: Path | None, capsys: pytest.CaptureFixture[str]
):
    for hide in ([], ["payments"], ["price"]):
        shown = verify.present(Sample().file(), hide, TRUSTED)
        credential = json.loads(shown)["credential"]
        assert read(library, credential) == verify.verify_file(shown, TRUSTED).credential, hide
    _, payload, signature = credential.partition("~")[0].split(".")
    bent = "A" if payload[-5] != "A" else "B"
    for wrong in (
        credential.replace(payload, payload[:-5] + bent + payload[-4:]),
        credential.replace(f".{signature}", f".{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"),
    ):
        assert wrong != credential
        assert read(library, wrong) is None
    with capsys.disabled():
        print(f"\n{WHERE if library is not None else INSTEAD}")
