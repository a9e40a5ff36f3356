"""Organised trading (组织交易): one formal procedure on one listing version, by the method online bidding (网络竞价).

Words: trade (项目: the procedure, with its public number), lot (标的: what is bid for), participant (意向方), bid
(报价), bid book (报价簿: every decision of a lot in one gapless chain), award (成交: whom the lot goes to; the
runner-up waits). Rules: `rules.py` (increment, soft close, chain), `lifecycle.py`; how bids are decided together:
`bidbook.py`.
"""
