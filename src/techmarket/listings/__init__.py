"""What is offered and what is sought (供需): listings, their versions, their way to the public.

Words: listing (供需信息), offer (供给), demand (需求), version (版本: all terms, written once and named by their hash),
review (审核: an operator accepts or returns), engaged (交易中: a trade runs on it).
Rules: `rules.py` (which terms belong together), `tiers.py` (who sees which term), `lifecycle.py`.
"""
