"""Where one server keeps its data, and the locks by which commands share it."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from techmarket.db.embedded.accounts import Account, may_enter
from techmarket.db.embedded.errors import OWN_SERVER, EmbeddedServerError

SYSTEM_STATE = Path("/var/lib/techmarket")
LOCK_LIMIT = 180.0  # another command may be in the middle of a crash recovery


@contextlib.contextmanager
def held(path: Path, *, limit: float = LOCK_LIMIT) -> Iterator[None]:
    """The lock of this path, for us alone and for a short time."""
    deadline = time.monotonic() + limit
    while True:
        handle = open_lock(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The folder may have been removed while we waited; a lock on a file without a name protects nothing.
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                break
        except BlockingIOError:
            pass
        os.close(handle)
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"Another command has been starting or stopping the embedded server for {limit:.0f} seconds ({path}). "
                "Wait for it or end it, then try again."
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(handle)


def open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    _give_to_owner_of(path.parent, handle)
    return handle


def _give_to_owner_of(folder: Path, target: int | Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(target, owner.st_uid, owner.st_gid)


def write_private(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _give_to_owner_of(path.parent, fresh)
    fresh.replace(path)


def find_home(folder: Path) -> Path | None:
    """The folder with the data: `folder` itself, or the one that the pointer names."""
    pointer = folder / "elsewhere.json"
    if not pointer.exists():
        return folder if (folder / "data").exists() else None
    named = json.loads(pointer.read_text())
    home, owner = Path(named["home"]), Path(named["of"])
    if owner != folder:
        original = owner / "elsewhere.json"
        if original.exists() and json.loads(original.read_text()) == named:
            return None  # this state folder is a copy; the original keeps its data, the copy starts empty
        _write_pointer(folder, home)  # the state folder was moved
    return home if home.exists() else None


def make_home(folder: Path, account: Account | None) -> Path:
    """Where the server's user cannot reach the state folder, the data lives in a system folder, named by a pointer."""
    if account is None or may_enter(account, folder):
        (folder / "elsewhere.json").unlink(missing_ok=True)
        return folder
    name = f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}-{secrets.token_hex(3)}"
    home = SYSTEM_STATE / name
    try:
        for made in (SYSTEM_STATE, home):
            made.mkdir(mode=0o755, parents=True, exist_ok=True)
            made.chmod(0o755)
    except OSError as error:
        raise EmbeddedServerError(
            f"The server's user may not enter {folder}, and {home} cannot be made ({error.strerror}). "
            f"Choose a state folder that everyone may enter, {OWN_SERVER}"
        ) from error
    if not may_enter(account, home):
        raise EmbeddedServerError(
            f"The server's user may enter neither {folder} nor {home}. Open one of them, {OWN_SERVER}"
        )
    _write_pointer(folder, home)
    return home


def _write_pointer(folder: Path, home: Path) -> None:
    write_private(folder / "elsewhere.json", json.dumps({"home": str(home), "of": str(folder)}))


def folder_of(state_dir: Path) -> Path:
    return state_dir.resolve() / "postgres"
