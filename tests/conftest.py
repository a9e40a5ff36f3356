"""Fixtures for every room. A test that asks for no database starts no server."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

from tests.pg import STATE_VARIABLE, TestRun, TestServer

pytest_plugins = ["tests.fixtures", "tests.positives"]

_run = pytest.StashKey[TestRun]()


def pytest_configure(config: pytest.Config) -> None:
    # Workers of xdist get the folder of the run from their parent, and so does a run that another run has started.
    if not hasattr(config, "workerinput") and STATE_VARIABLE not in os.environ:
        config.stash[_run] = TestRun()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _run in config.stash:
        config.stash[_run].end()


@pytest.fixture(scope="session")
def pg_server() -> Iterator[TestServer]:
    server = TestServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(pg_server: TestServer) -> str:
    """The name of the database that holds every migration and the carried rules; never connect to it."""
    return pg_server.migrated_template()


@pytest.fixture
def database_url(pg_server: TestServer, template: str) -> Iterator[str]:
    """A migrated database of the test's own; what it commits is gone with it."""
    with pg_server.cloned(template) as url:
        yield url


@pytest.fixture
def app_url(pg_server: TestServer, database_url: str) -> str:
    """The same database as the market itself gets there: as the role that owns nothing."""
    return pg_server.app_url(database_url.rpartition("/")[2])


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The tests run on the loop that the market is served by."""
    return {"uvloop": uvloop.new_event_loop}
