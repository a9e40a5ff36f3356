"""techmarket (枢纽型技术交易市场): the open backend of a hub technology market.

The rooms, in import order. Imports, foreign keys and event handlers point left (up this list), never right:

    client          the API as other people's programs call it: needs nothing of the rest
    kernel          money, work days, periods, ids, lifecycles, refusals, paging: pure words
    db              transactions, journal and its sequencer, idempotency, texts, files, clock, embedded server
    identity        who: organisations, people, roles, keys, qualifications
    transparency    the journal in one line, provable: positions, checkpoints, proofs
    rulebook        the numbers of law, market and unit, by date
    ledger          double entry, holds
    settlement      what is due, what the bank said, what is paid out
    signing         who put their name to which bytes
    notices         what stood in public how long, objections
    disclosure      who may see: tiers, data rooms, questions
    achievements    the result, its rights, owners, completers, burdens
    listings        offers and demands
    trading         one project: announcement, participants, bids, award
    contracts       text, parties, payment plan, registration
    certification   the certificate a stranger checks
    revenue         share tables, net income, distribution, statements
    matching        search over what the reader may see
    dossiers        what can be taken away and checked: evidence packages
    hub             nodes, bulk import
    workbench       what waits for whom, and what people are told
    api, web, cli, jobs     the edges; app puts everything together
"""

__version__ = "0.1.0"

ROOMS = (
    "client",
    "kernel",
    "db",
    "identity",
    "transparency",
    "rulebook",
    "ledger",
    "settlement",
    "signing",
    "notices",
    "disclosure",
    "achievements",
    "listings",
    "trading",
    "contracts",
    "certification",
    "revenue",
    "matching",
    "dossiers",
    "hub",
    "workbench",
    "api",
    "web",
    "cli",
    "jobs",
)
"""Every room that is open, left to right; a test compares this with the folders and with the import contracts."""
