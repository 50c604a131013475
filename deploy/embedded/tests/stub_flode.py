"""Stands in for the command `flode`: serves a health page."""

import http.server
import os
import sys
from pathlib import Path


class Health(http.server.BaseHTTPRequestHandler):
    """Answers every GET with this process's number."""

    def do_GET(self) -> None:
        """Say who answers."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *words: object) -> None:
        """Keep quiet."""


def main(command: str, *rest: str) -> None:
    """Do as told, and write down what was asked."""
    with Path(os.environ["FLODE_STUB_LOG"]).open("a") as log:
        log.write(" ".join((command, *rest)) + "\n")
    if command == "serve":
        host, port = os.environ["FLODE_HTTP"].split(":")
        http.server.ThreadingHTTPServer((host, int(port)), Health).serve_forever()


main(*sys.argv[1:])
