"""What is offered and what is sought (供需): listings, their versions, their way to the public.

Words: listing (供需信息), offer (供给), demand (需求), version (版本: all terms, written once and named by their hash),
review (审核: an operator accepts or returns), held (暂缓发布: accepted, and published by its owner or at an hour),
engaged (交易中: a trade runs on it), open challenge (揭榜挂帅), scenario list (场景清单: demands published together).
Rules: `rules.py` (which terms belong together), `tiers.py` (who sees which term), `lifecycle.py`.
"""
