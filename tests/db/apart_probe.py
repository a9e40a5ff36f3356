"""What runs apart in `test_apart`: does as its argument says."""

from __future__ import annotations

import json
import os
import signal
import sys

from techmarket.db import apart

counted: list[int] = []


def main() -> None:
    apart.limit(memory=256 * 2**20, seconds=1)
    match sys.argv[1]:
        case "echo":
            sys.stdout.write(sys.stdin.read())
        case "environment":
            sys.stdout.write(json.dumps(sorted(os.environ)))
        case "count":
            counted.append(1)
            told = {"counted": len(counted), "pid": os.getpid(), "parent": os.getppid()}
            sys.stdout.write(json.dumps(told))
        case "talk":
            sys.stdout.write("x" * int(sys.argv[2]))
        case "raise":
            sys.stdout.write("half")
            raise ValueError
        case "exit":
            sys.exit(3)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "eat":
            bytearray(2**30)
        case "spin":
            while True:
                pass
