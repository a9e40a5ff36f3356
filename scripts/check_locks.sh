#!/bin/sh
# The locks name no host, and hold every dependency that pyproject.toml names.
set -eu
cd "$(dirname "$0")/.."
if grep -n '://\|--index\|--find-links' requirements.lock requirements-dev.lock; then
    echo "A lock names where packages come from; write it with scripts/lock.sh." >&2
    exit 1
fi
.venv/bin/python - <<'PYTHON'
import re, sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
name = lambda line: re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", line)[0]).lower()
held = lambda path: {name(line) for line in open(path) if re.match(r"[A-Za-z0-9]", line)}
lost = {name(d) for d in project["dependencies"]} - held("requirements.lock")
lost |= {name(d) for d in project["optional-dependencies"]["dev"]} - held("requirements-dev.lock")
sys.exit(f"pyproject.toml names what the locks lack: {', '.join(sorted(lost))}. Run: make lock" if lost else 0)
PYTHON
