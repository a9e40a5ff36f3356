#!/bin/sh
# Writes the two locks from pyproject.toml, for every platform, without the address of any package index.
# Arguments go to the resolver, for example: --upgrade-package fastapi
set -eu
extra="$*"
cd "$(dirname "$0")/.."
resolve() {
    out=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
        --no-header --no-annotate $extra "$@" --output-file "$out" pyproject.toml requirements-build.in
    if grep -n '://' "$out"; then
        echo "$out names a host; nothing may depend on where the packages came from." >&2
        exit 1
    fi
}
resolve requirements-dev.lock --extra dev
# The runtime takes its versions from the larger lock, so that what is tested is what runs.
resolve requirements.lock --constraints requirements-dev.lock
