"""Organised trading (组织交易): one formal procedure on one listing version, by one method, for one lot or several.

Words: trade (项目: the procedure, with its public number), lot (标的: what is bid for), participant (意向方), seat
(席位: a participant's right to bid on one lot), deposit (保证金), bid (报价), bid book (报价簿: every decision of a lot
in one gapless chain), award (成交: whom the lot goes to; the runner-up waits). Methods: `methods/`, one small module
each. Rules of the book: `rules.py` (increment, soft close, chain), decided together in `bidbook.py`. From the close of
a lot to its award: `service/deciding.py`.
"""
