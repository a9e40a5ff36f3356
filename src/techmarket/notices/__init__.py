"""What stood in public, where and how long, and who objected (公示, 异议).

Words: notice (公示: a text that stands in its places for a period), version (its text by hash; a correction adds one),
place (公示场所: the market, the unit), posting (发布: the proof that it stood there), evidence (证据: a file, named by
its hash), objection (异议), pause (中止: the time an objection or a suspension takes out), lengthening (延长: an
announced extension 延期, or what a rule asks for after a suspension).

One machine for every kind; the kinds are rows in `kinds.py`. The length of the period comes from the rulebook by the
subject's rule date. How it ends: `periods.py`; whether it has cleared, who may object and what it must say: `rules.py`.
The gate of later rooms is `steps.require_cleared`: it counts from clock and rows, never from whether a job has run.
"""
