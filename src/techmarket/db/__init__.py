"""What stands beside the database once (数据层): transactions, journal, idempotency, texts, files, clock, jobs."""
