"""The system user that owns the server where a command runs as root."""

import contextlib
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from techmarket.db.embedded.errors import OWN_SERVER, EmbeddedServerError


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    def popen_args(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account:
    """PostgreSQL refuses to run as root, rightly; root therefore hands it to a system user."""
    for name in ("techmarket", "postgres", "_postgres"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is not None:
        command = [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            "techmarket",
        ]
        made = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=30, check=False
        )
        with contextlib.suppress(
            KeyError
        ):  # another command may have made it meanwhile: what counts is that it is there
            entry = pwd.getpwnam("techmarket")
            return Account(entry.pw_uid, entry.pw_gid)
        reason = made.stderr.strip()
    else:
        reason = "there is no useradd here"
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and no system user could be made for it ({reason}). "
        f"Run as an ordinary user, make a system user named techmarket, {OWN_SERVER}"
    )


def may_enter(account: Account, folder: Path) -> bool:
    """Whether this user gets into the folder, through all its parents."""
    probe = subprocess.run(  # noqa: S603 (asked of the kernel, because modes alone say nothing of access lists)
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        cwd="/",
        capture_output=True,
        timeout=30,
        check=False,
        **account.popen_args(),
    )
    return probe.returncode == 0
