#!/usr/bin/env bash
# Pay the deposit. In life the bank tells the market of the transfer, signed; in a sandbox we play the bank.
#   examples/pay.sh NAME TRADE
. "$(dirname "$0")/common.sh"
KEY=$(cat "$KEEP/$1.key") TRADE=$2
DUE=$(get "/v1/dues?state=OPEN&limit=100" "$KEY" | field items.0)
MESSAGE=$(python3 -c '
import ast, json, sys
due = ast.literal_eval(sys.argv[1])
print(json.dumps({"message_id": "example-" + due["reference"], "payer_account": "SAMPLE-" + sys.argv[2],
    "payer_name": "Example enterprise " + sys.argv[2] + " (sample)", "amount": due["outstanding"],
    "reference": due["reference"], "booked_at": sys.argv[3]}), end="")' "$DUE" "$1" "$(get /v1/clock | field now)")
STAMP=$(date +%s)
SIGNATURE=$(python3 -c '
import hashlib, hmac, pathlib, sys
secret = pathlib.Path(sys.argv[1]).read_bytes()
print(hmac.new(secret, f"{sys.argv[2]}.{sys.argv[3]}".encode(), hashlib.sha256).hexdigest())' \
  "$STATE/keys/bank_secret" "$STAMP" "$MESSAGE")
ask -X POST "$BASE/v1/bank/messages" -H "Content-Type: application/json" -H "X-Bank-Timestamp: $STAMP" \
  -H "X-Bank-Signature: $SIGNATURE" -d "$MESSAGE" > /dev/null
for _ in $(seq 100); do
  SEAT=$(get "/v1/trades/$TRADE/participants" "$KEY" | field items.0.seats.0.state)
  if [ "$SEAT" = READY ]; then echo "$1 may bid"; exit 0; fi
  sleep 0.2
done
echo "the deposit of $1 was not held in time" >&2
exit 1
