#!/usr/bin/env bash
# Find what is on offer by words, Chinese or English, and the trades that are announced or under way. Needs no key.
#   examples/find.sh WORDS
. "$(dirname "$0")/common.sh"
ask -G "$BASE/v1/search" --data-urlencode "q=$1" -d kind=OFFER -d limit=3
echo
get "/v1/trades?state=ANNOUNCED"
echo
