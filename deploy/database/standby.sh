#!/bin/sh
# The standby: at its first start it copies the primary, from then on it follows it under the name "standby".
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  until pg_basebackup --pgdata "$PGDATA.new" --wal-method=stream --checkpoint=fast --write-recovery-conf --no-password \
    --dbname "host=$PRIMARY port=5432 user=replicator application_name=standby"; do
    rm -rf "$PGDATA.new"
    sleep 2
  done
  chmod 0700 "$PGDATA.new"
  mkdir -p "$(dirname "$PGDATA")"
  rm -rf "$PGDATA"
  mv "$PGDATA.new" "$PGDATA"
fi
exec postgres "$@"
