"""The journal in one line, provable (日志的透明性证明): what was written when, and that it was not changed since.

Words: a *position* is an entry's place in the line, its leaf, its feed cursor and its receipt number in one; a
*checkpoint* is the root of the first `size` entries under the log's seal; an *inclusion proof* shows that an entry
is under a checkpoint, a *consistency proof* that a later checkpoint only added to an earlier one. `rules.py` has the
tree and the checks, which need no database: a stranger runs the same lines.
"""
