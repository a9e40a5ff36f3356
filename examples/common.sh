# Sourced by the other examples. BASE is the market, STATE its state folder (sandboxes only), KEEP where keys are kept.
set -euo pipefail
BASE=${BASE:-http://127.0.0.1:8000}
STATE=${STATE:-.techmarket}
KEEP=${KEEP:-$STATE/examples}
umask 077
mkdir -p "$KEEP"

# field a.0.b: one value out of the JSON on standard input
field() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[int(part)] if part.isdigit() else value[part]
print("" if value is None else value)' "$1"
}

# A busy market says 503 and Retry-After; curl waits as long and asks again, with the same Idempotency-Key.
ask() { curl -sS --fail-with-body --retry 8 --retry-connrefused --max-time 60 "$@"; }

# get PATH [KEY]
get() { ask "$BASE$1" ${2:+-H "Authorization: Bearer $2"}; }

# post PATH BODY [KEY]: every act has an Idempotency-Key of its own
post() {
  ask -X POST "$BASE$1" -H "Idempotency-Key: $(python3 -c 'import uuid; print(uuid.uuid4())')" \
    ${2:+-H "Content-Type: application/json" -d "$2"} ${3:+-H "Authorization: Bearer $3"}
}

staff() { field "$1" < "$STATE/staff.json"; }
seller() { python3 -c 'import json, sys; print(next(v["officer"] for k, v in json.load(open(sys.argv[1])).items() if "University" in k))' "$STATE/demo/keys-of-people.json"; }
