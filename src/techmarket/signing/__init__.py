"""Who put their name to which bytes (签署): one document hash, its signatories, their order, their signatures.

Words: signing (签署: the round of signatures under one document), signatory (签署方), signature (签名).
This room only keeps the record. A signature with a consequence is given in the room of the consequence (a contract,
a share table), which holds its own gates and calls `steps.put`: the last signature and what it brings about are one
commit. Rules: `rules.py` (whose turn it is).
"""
