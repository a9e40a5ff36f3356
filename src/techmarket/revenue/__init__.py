"""Who gets what of the income (收益分享): share tables, net income, distributions, statements.

Words: share table (分配方案: how much each contributor gets, signed by every completer by its hash), income (收入: what
was really received), cost (成本: with evidence), net income (净收入), reward (奖励), distribution (收益分配: one income
event split to the cent), statement (收益告知单: one person's part with every step, rule and number).
Rules: `rules.py`; the values they work on: `computation.py`. Every number of law is a row of the rulebook.
"""
