"""What runs apart in `test_apart`: does as its argument says."""

from __future__ import annotations

import json
import os
import sys

from techmarket.db import apart


def main() -> None:
    apart.limit(memory=256 * 2**20, seconds=1)
    match sys.argv[1]:
        case "echo":
            sys.stdout.write(sys.stdin.read())
        case "environment":
            sys.stdout.write(json.dumps(sorted(os.environ)))
        case "eat":
            bytearray(2**30)
        case "spin":
            while True:
                pass


if __name__ == "__main__":
    main()
