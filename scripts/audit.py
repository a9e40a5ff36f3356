"""Known weaknesses in what ships: runs pip-audit over the lock, and takes nothing that was skipped for clean.

`python scripts/audit.py` where pip-audit is installed and can reach its database. It ends with 0 when every package was
audited and none is known to be weak, 1 when one is, 2 when some were not audited: then nothing is known about those.
The versions that must never be gone below stand in `deploy/version-floors.toml`, and a test holds the locks to them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def judged(report: dict[str, Any]) -> tuple[int, list[str]]:
    """(how to end, what to say) about pip-audit's JSON."""
    said, weak, unseen = [], 0, 0
    for one in report["dependencies"]:
        if one.get("skip_reason"):
            unseen += 1
            said.append(f"not audited: {one['name']} ({one['skip_reason']})")
        for flaw in one.get("vulns", []):
            weak += 1
            fixed = ", ".join(flaw.get("fix_versions", [])) or "nothing yet"
            said.append(f"{one['name']} {one['version']}: {flaw['id']}, mended in {fixed}")
    said.append(f"{len(report['dependencies'])} packages: {weak} known weaknesses, {unseen} not audited")
    return (1 if weak else 2 if unseen or not report["dependencies"] else 0), said


def main() -> int:
    program = shutil.which("pip-audit")
    if program is None:
        sys.stdout.write("pip-audit is not installed here: pip install pip-audit, in an environment of its own\n")
        return 2
    command = [program, "--requirement", str(ROOT / "requirements.lock"), "--disable-pip", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603
    try:
        code, said = judged(json.loads(done.stdout))
    except ValueError:
        sys.stdout.write(f"pip-audit gave no report ({done.returncode}): {done.stderr.strip()[-500:]}\n")
        return 2
    sys.stdout.write("\n".join(said) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
