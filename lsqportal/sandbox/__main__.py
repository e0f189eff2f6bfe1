"""The sandbox as a process: prints its address in one line when it is ready, ends on SIGTERM and SIGINT."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from lsqportal.sandbox.account import ACCESS_KEY, SECRET_KEY, Account
from lsqportal.sandbox.controls import Controls
from lsqportal.sandbox.server import Server

RATE = "25/5s"  # [DOC] what every endpoint page prints: leadsquared-api §14


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lsqportal.sandbox", description="A LeadSquared look-alike.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", default=":memory:", help="the file that keeps what was posted")
    parser.add_argument("--access-key", default=ACCESS_KEY)
    parser.add_argument("--secret-key", default=SECRET_KEY)
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    switches: dict[str, str | int | float] = {"rate": RATE}
    switches.update(dict(each.split("=", 1) for each in options.switch))
    account = Account(options.data, access_key=options.access_key, secret_key=options.secret_key, **switches)
    server = Server(Controls(account), host=options.host, port=options.port)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    sys.stdout.write(f"LeadSquared sandbox listening on {server.url}\n")
    sys.stdout.flush()
    ended.wait()
    server.close()
    account.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
