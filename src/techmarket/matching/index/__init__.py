"""The index (索引): one space of terms and facts for each kind of reader, kept in PostgreSQL, scored in this process.

Postings are blocks of numbers by term; the facts that filter and sort are columns of numbers by document. A space
knows nothing of another: what changes in the registered one touches no row of the public one.
`columns.py` facts, `blocks.py` postings, `scoring.py` BM25 and what is picked; `writing.py` the one writer,
`reading.py` a reader's look.
"""
