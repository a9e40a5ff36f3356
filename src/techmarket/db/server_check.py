"""A server that is given to us must be one the market can run on; there is no degraded mode."""

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from techmarket.db.hosts import connect_args_for

LEAST_VERSION = 17
NEEDED_EXTENSIONS = ("vector", "pg_trgm")


class UnsuitableServerError(RuntimeError):
    """The given server cannot carry the market; the message says what is missing."""


async def check_server(url: str) -> None:
    """A given server is PostgreSQL 17 or later in UTF-8 with pgvector and pg_trgm, or the market does not start."""
    try:
        where = make_url(url).render_as_string(hide_password=True)
        engine = create_async_engine(url, poolclass=NullPool, connect_args=connect_args_for(make_url(url)))
    except (ArgumentError, SQLAlchemyError) as error:
        raise UnsuitableServerError(
            "TECHMARKET_DATABASE_URL is not a database URL (postgresql+asyncpg://user:password@host/name)."
        ) from error
    try:
        async with engine.connect() as connection:
            version_number = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
            encoding = str((await connection.execute(text("SHOW server_encoding"))).scalar_one())
            offered = set((await connection.execute(text("SELECT name FROM pg_available_extensions"))).scalars())
    except (OSError, SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        raise UnsuitableServerError(f"No connection to {where}: {cause}") from error
    finally:
        await engine.dispose()
    refuse_unfit(where, version_number=version_number, encoding=encoding, offered=offered)


def refuse_unfit(where: str, *, version_number: int, encoding: str, offered: set[str]) -> None:
    """The judgement itself, on what the server said of itself."""
    major = version_number // 10000
    if major < LEAST_VERSION:
        raise UnsuitableServerError(f"{where} is PostgreSQL {major}; the market needs {LEAST_VERSION} or later.")
    if encoding != "UTF8":
        raise UnsuitableServerError(f"The database at {where} is encoded as {encoding}; the market needs UTF8.")
    missing = [name for name in NEEDED_EXTENSIONS if name not in offered]
    if missing:
        raise UnsuitableServerError(
            f"{where} does not offer the extension {', '.join(missing)}. Install pgvector and contrib there "
            "(the image pgvector/pgvector:pg18 has both), or unset TECHMARKET_DATABASE_URL to use the embedded server."
        )
