"""The rulebook (规则库): the numbers of law, of the market and of a unit, each as a dated row.

A project keeps the rows of its own rule date: a later change of law does not touch it. The rows carried with the
house are in `data/`, where the README lists every key and says how a row is read. A row is chosen in `rules.py`; the
operator adds rows and work days (工作日), and whatever he adds ends an open row by its successor at the most.
"""
