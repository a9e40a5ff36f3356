"""The database and what stands beside it once (数据层): transactions, journal, idempotency, texts, files, clock, jobs."""
