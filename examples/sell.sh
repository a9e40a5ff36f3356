#!/usr/bin/env bash
# The seller's side, so that there is something to buy: put a published offer to trade. Prints the id of the trade.
#   examples/sell.sh [INCREMENT]
. "$(dirname "$0")/common.sh"
SELLER=$(seller)
OFFER=$(get "/v1/listings?mine=true&state=PUBLISHED&kind=OFFER&limit=100" "$SELLER" | python3 -c '
import json, sys
fit = (one for one in json.load(sys.stdin)["items"] if one["terms"].get("mode") == "LICENCE" and one["terms"].get("price"))
print(next(fit)["id"])')
DRAFT=$(post /v1/trades "{\"listing_id\": \"$OFFER\", \"increment\": {\"amount\": \"${1:-10000.00}\", \"currency\": \"CNY\"},
  \"deposit\": {\"amount\": \"20000.00\", \"currency\": \"CNY\"}}" "$SELLER")
TRADE=$(field id <<< "$DRAFT")
post "/v1/trades/$TRADE/submission" "" "$SELLER" > /dev/null
post "/v1/trades/$TRADE/announcement" "" "$(staff operator)" > /dev/null
echo "$TRADE"
