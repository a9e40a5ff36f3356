#!/usr/bin/env bash
# Place one bid: what is just enough, or the amount given. The answer carries a signed receipt, also a no.
#   examples/bid.sh NAME TRADE [AMOUNT]
. "$(dirname "$0")/common.sh"
LOT=$(get "/v1/trades/$2" | field lots.0.id)
AMOUNT=${3:-$(get "/v1/lots/$LOT" | field least_next_bid.amount)}
post "/v1/lots/$LOT/bids" "{\"amount\": {\"amount\": \"$AMOUNT\", \"currency\": \"CNY\"}}" "$(cat "$KEEP/$1.key")" || true
echo
