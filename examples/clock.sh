#!/usr/bin/env bash
# A sandbox runs its clock ahead: to the opening of a trade, or to the end of its first lot.
#   examples/clock.sh open|end TRADE
. "$(dirname "$0")/common.sh"
case $1 in
  open) TO=bidding_opens_at WANTED=OPEN ;;
  end) TO=lots.0.effective_end WANTED=AWARDED ;;
esac
post /v1/clock "{\"now\": \"$(get "/v1/trades/$2" | field "$TO")\"}" "$(staff operator)" > /dev/null
for _ in $(seq 100); do
  IS=$(get "/v1/trades/$2" | field lots.0.state)
  if [ "$IS" = "$WANTED" ]; then echo "the lot is $IS"; exit 0; fi
  sleep 0.2
done
echo "the lot is still $IS" >&2
exit 1
