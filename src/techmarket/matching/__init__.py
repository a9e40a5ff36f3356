"""What fits (匹配): search and matching over what the reader may see, by words, and each result explains itself.

Words: term (词项: a pair of Chinese characters or a stemmed word), posting (倒排: how often a listing holds a term),
index (索引: one of public text, one of what verified organisations see; text under a grant is in neither).
Rules: `tokens.py` (how text becomes terms), `rules.py` (what is indexed and how a match explains itself).
"""
