"""The ledger (账簿): double entry in books that never mix, and holds on money that is promised.

Words: book (账套: the market's own, or one of a unit's), account (账户), transfer (划转: append-only), hold (冻结:
money of an account that is set aside for another until it is posted or freed). A balance is credits minus debits:
what the market owes is positive, its money at the bank is negative, and every book sums to nought.
Rules: `rules.py`. The database itself keeps the balances from the transfers and refuses what would break them.
"""
