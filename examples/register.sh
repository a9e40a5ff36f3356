#!/usr/bin/env bash
# An enterprise registers, is verified, and registers its intent to buy. Keeps its key as KEEP/NAME.key.
# Verification, admission and confirmation are acts of the operator and the seller; a sandbox lets us play them, too.
#   examples/register.sh NAME TRADE
. "$(dirname "$0")/common.sh"
NAME=$1 TRADE=$2 OPERATOR=$(staff operator)
MADE=$(post /v1/organisations "{\"kind\": \"ENTERPRISE\", \"name\": \"Example enterprise $NAME (sample)\", \"region\": \"330100\",
  \"administrator\": \"Example person $NAME (sample)\"}")
ORGANISATION=$(field organisation.id <<< "$MADE")
post "/v1/organisations/$ORGANISATION/verification" "" "$OPERATOR" > /dev/null
post "/v1/organisations/$ORGANISATION/people" "{\"name\": \"Example trader $NAME (sample)\", \"roles\": [\"TRADER\", \"FINANCE\"]}" \
  "$(field key.key <<< "$MADE")" | field key.key > "$KEEP/$NAME.key"
JOINED=$(post "/v1/trades/$TRADE/participants" "{}" "$(cat "$KEEP/$NAME.key")")
PARTICIPANT=$(field id <<< "$JOINED")
post "/v1/participants/$PARTICIPANT/admission" "{}" "$OPERATOR" > /dev/null
post "/v1/participants/$PARTICIPANT/confirmation" "{}" "$(seller)" > /dev/null
echo "$NAME bids as number $(field number <<< "$JOINED")"
