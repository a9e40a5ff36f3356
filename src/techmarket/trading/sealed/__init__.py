"""Sealed bids (密封报价): envelopes only officers together can open, and the rules of their opening; pure.

Words: envelope (密封报价函: a quote encrypted to the lot's key, always of one length), cover (空函: the envelope that
stands where nobody quoted, the same to look at), share (密钥份额: an officer's part of the lot's private key),
commitment (承诺值: the hash that binds a bidder to what he wrote), draw (抽签: how equal quotes are ordered).
Rules: `rules.py`; the format, for whoever writes a client: docs/sealed-bids.md.
"""
