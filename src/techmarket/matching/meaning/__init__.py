"""Meaning (语义): vectors of listings by an embedder of choice, beside the words and never in their place.

`embedders.py` the adapters, `endpoint.py` the one for another system; `blending.py` how both scores become one;
`vectors.py` what is stored and how the nearest are found.
"""
