"""Backups (备份): bases taken while the market serves, the log archived as it is written, and the files.

A folder of backups holds `bases/` (one folder each, whole once its `market.json` is there), `wal/` (the archived
write-ahead log, the newest segment still growing) and `objects/` (the files, by their digests). Keys are never in it,
unless asked for: whoever holds a backup and the keys holds the market.

Only client programs of the server's own package are used (pg_basebackup, pg_verifybackup, pg_receivewal); they speak to
the embedded server and to a given one alike.
"""
