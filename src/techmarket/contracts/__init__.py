"""The contract (技术合同): its text, its parties, its payment plan, its reports and its registration (认定登记).

Words: plan line (付款计划项: entry fee 入门费, royalty 提成), royalty report (提成报告), registration (认定登记: the
registrar's decision on class and amounts), relief flag (税收优惠标志: what kind of relief may hold, never an amount).
A contract is drafted from an award or, negotiated directly, without one. It takes effect with its last signature: the
award is concluded, the licence is entered and the entry fee falls due in the same commit.
Rules: `rules.py`; the text: `text.py`; states: `lifecycle.py`.
"""
