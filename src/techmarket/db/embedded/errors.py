"""What is told when the embedded server cannot run here."""

OWN_SERVER = "or give your own PostgreSQL (17 or later, with pgvector) in TECHMARKET_DATABASE_URL."


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot run here; the message says what to do."""
