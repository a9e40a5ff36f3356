"""Tables of the queue library, made by its own installer so that they always fit the installed version."""

from __future__ import annotations

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

revision = "0018_jobs"
down_revision = "0017_hub"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _run(QueryBuilderEnvironment().build_install_query())


def downgrade() -> None:
    _run(QueryBuilderEnvironment().build_uninstall_query())


def _run(script: str) -> None:
    """Several statements at once go past the prepared-statement protocol, inside this same transaction."""
    if op.get_context().as_sql:
        op.execute(script)
        return
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(script))
