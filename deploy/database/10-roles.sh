#!/bin/sh
# Runs once, when the primary's data are made: the standby and the archive of the log may connect, with a password, and
# so may the market, as a role that owns nothing.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$POSTGRES_REPLICATION_PASSWORD" -v app="$POSTGRES_APP_PASSWORD" \
  -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE replicator REPLICATION LOGIN PASSWORD :'password';
CREATE ROLE techmarket_app LOGIN PASSWORD :'app';
SQL
echo "host replication all samenet scram-sha-256" >> "$PGDATA/pg_hba.conf"
