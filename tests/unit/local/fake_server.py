"""A server that behaves towards `up` like the real ones, and can be made to misbehave.

The gateway answers over HTTP, the services over gRPC.

FAKE_BREAK holds words: `NAME-crash` exits at start with code 1, `NAME-only-PORT` does so
on any other port until a file FAKE_LOG.mended exists, `NAME-refuse` exits with code 2
and prints a line, `NAME-slow` starts and is never ready, `NAME-deaf` ignores SIGTERM.
FAKE_LOG is a file that gets a line when a server stops.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import ssl
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


def main(name: str) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--registry")
    parser.add_argument("--local-port", type=int)
    parser.add_argument("--require-keys", action="store_true")
    parser.add_argument("--insecure", action="store_true")
    parser.add_argument("--suggestion")
    parser.add_argument("--session-key-file")
    parser.add_argument("--public-url")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-client-ca")
    arguments = parser.parse_args()
    broken = os.environ.get("FAKE_BREAK", "").split()
    if f"{name}-crash" in broken:
        sys.exit("it is broken today")
    only = [word for word in broken if word.startswith(f"{name}-only-")]
    mended = Path(os.environ["FAKE_LOG"] + ".mended").exists()
    if only and only != [f"{name}-only-{arguments.port}"] and not mended:
        sys.exit("it is broken today")
    if f"{name}-refuse" in broken:
        print(f"wanllmdb-{name}: --port: is not to its taste", file=sys.stderr)
        sys.exit(2)
    if f"{name}-slow" in broken:
        threading.Event().wait()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serving = _gateway if name == "gateway" else _service
    with serving(arguments) as address:
        print(f"ready {name} {address}", flush=True)
        stop.wait()
        with Path(os.environ["FAKE_LOG"]).open("a") as log:
            log.write(f"{name} stops\n")
        if f"{name}-deaf" in broken:
            threading.Event().wait()


@contextlib.contextmanager
def _service(arguments: argparse.Namespace) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"{arguments.host}:{arguments.port}")
    if arguments.local_port is not None:
        server.add_insecure_port(f"127.0.0.1:{arguments.local_port}")
    server.start()
    yield f"{arguments.host}:{port}"
    server.stop(0).wait()


class _Alive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"alive": true}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def _gateway(arguments: argparse.Namespace) -> Iterator[str]:
    server = ThreadingHTTPServer((arguments.host, arguments.port), _Alive)
    if arguments.tls_cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.tls_cert, arguments.tls_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{arguments.host}:{arguments.port}"
    server.shutdown()
