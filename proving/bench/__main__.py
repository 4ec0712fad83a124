"""`make bench`: all measurements at sensible sizes, one JSON object per line.

Each is a `tachowatt bench` command in a separate process; see docs/performance.md.
"""

import argparse
import asyncio
import json
import subprocess
import sys

from proving.bench import sustained

COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "kernels": (("kernels",),),
    "drain": (
        ("drain",),
        ("drain", "--messages", "30000", "--samples-per-message", "60"),
        ("drain", "--devices", "50000"),
    ),
    "latency": (("latency",),),
    "query": (("query",),),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=(*COMMANDS, "sustained"))
    parser.add_argument("--database-url", help="for drain and latency; default: our own")
    parser.add_argument("--rate", type=float, default=5_000.0, help="messages/s to sustain")
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    failed = 0
    for name, runs in COMMANDS.items():
        if options.only not in (None, name):
            continue
        where = ("--database-url", options.database_url) if options.database_url else ()
        for run in runs:
            failed |= _run((*run, *(where if name in ("drain", "latency") else ())))
    if options.only in (None, "sustained"):
        found = asyncio.run(sustained.run(options.rate, options.devices, options.seconds))
        print(json.dumps({"sustained": found}), flush=True)
    return failed


def _run(arguments: tuple[str, ...]) -> int:
    """Run one command; print its answer on one line."""
    command = [sys.executable, "-m", "app.cli", "bench", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    answer = json.loads(done.stdout) if done.stdout else None
    print(json.dumps({"bench": " ".join(arguments), "answer": answer}), flush=True)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
