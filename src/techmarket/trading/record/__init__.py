"""The public record of a trade (交易公开记录): its form, line by line, and the replay that anyone runs over it.

Pure: bytes and public keys in, findings out. Who writes it: `trading/service/recording.py`; the form: docs/record.md.
"""
