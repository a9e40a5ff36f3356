"""What stood in public, where and how long, and who objected (公示, 异议).

Words: notice (公示: an immutable text that stands in its places for a period), place (公示场所: the market, the unit),
posting (发布: the proof that it stood there), objection (异议), pause (中止: the time an objection takes out).
One machine for every kind; the kinds are rows in `kinds.py`. The length of the period comes from the rulebook by the
subject's rule date and is told at birth. Start, end and whether a notice has cleared: `rules.py`. The gate of later
rooms is `steps.require_cleared`: it counts from clock and rows, never from whether a job has run.
"""
