"""What can be taken away and checked without us: the evidence package (证据包) of a listing, a trade or a contract.

Words: a *dossier* (卷宗) is everything the journal holds about one subject, cut to its reader; a *package* is a dossier
as one archive: entries with salts and proofs, texts byte for byte, periods with the calendar they were counted by, a
manifest under the market's seal, and a summary for people. `package.py` writes and checks it, purely;
`periods.py` counts notices from entries alone. A reader room: nobody imports it but the edges.
"""
