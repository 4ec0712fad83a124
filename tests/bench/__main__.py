"""`make bench`: prints JSON, one object a line."""

import argparse
import asyncio
import json

from tests.bench import api, kernels, sustained


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rate", type=float, default=5_000.0, help="messages/s to sustain")
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=("kernels", "sustained", "api"))
    options = parser.parse_args()
    if options.only in (None, "kernels"):
        for row in kernels.run():
            print(json.dumps(row), flush=True)
    if options.only in (None, "api"):
        for row in api.run():
            print(json.dumps(row), flush=True)
    if options.only in (None, "sustained"):
        found = asyncio.run(sustained.run(options.rate, options.devices, options.seconds))
        print(json.dumps({"sustained": found}), flush=True)


if __name__ == "__main__":
    main()
