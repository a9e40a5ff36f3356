#!/usr/bin/env bash
# Watch a trade as it happens, until it is over. Give the last id you have seen to be told what came after it.
#   examples/watch.sh TRADE [LAST_ID]
. "$(dirname "$0")/common.sh"
exec curl -sS --no-buffer "$BASE/v1/trades/$1/stream" ${2:+-H "Last-Event-ID: $2"}
