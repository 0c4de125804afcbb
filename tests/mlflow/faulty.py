"""A proxy in front of a real server that counts what passes and, when told to, answers as servers and the machines before them do
on a bad day.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOGIN = b"<!doctype html><html><title>Sign in</title><form action=/login><input name=password></form></html>"
#: Of one connection, never passed on.
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Request:
    """One that came, and what was answered: 0 where the connection was cut."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    #: By their names in lower case.
    headers: dict[str, str]
    answered: int = 0

    @property
    def call(self) -> str:
        """`GET runs/get`, without what every path begins with."""
        return f"{self.method} {self.path.split('/mlflow/', 1)[-1]}"

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.path.endswith("/search")


@dataclass
class Reply:
    """What is sent back. `cut` is how many bytes of the body get out before the connection ends."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


#: Gets the request and what asks the real server; `None` resets the connection.
Fault = Callable[[Request, Callable[[], Reply]], "Reply | None"]


def status(code: int, **headers: str) -> Fault:
    """A gateway's error page."""
    told = {"Content-Type": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: Reply(code, f"<html><h1>{code}</h1></html>".encode(), told)


def slow(seconds: float) -> Fault:
    def answer(_: Request, real: Callable[[], Reply]) -> Reply:
        time.sleep(seconds)
        return real()

    return answer


def page(body: bytes = LOGIN, kind: str = "text/html") -> Fault:
    """Something else with status 200: a login page, another service."""
    return lambda *_: Reply(200, body, {"Content-Type": kind})


def redirect(to: str) -> Fault:
    return lambda *_: Reply(302, b"", {"Location": to})


def truncated(_: Request, real: Callable[[], Reply]) -> Reply:
    """Half of the document, said to be all of it."""
    reply = real()
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def broken_off(_: Request, real: Callable[[], Reply]) -> Reply:
    """The connection ends in the middle of the body."""
    reply = real()
    reply.cut = len(reply.body) // 2
    return reply


def reset(*_: object) -> None:
    return None


def lost(_: Request, real: Callable[[], Reply]) -> None:
    """The server does what it was asked; nobody hears that it did."""
    real()


def after(act: Callable[[], object]) -> Fault:
    """Somebody else does something while the request is under way, before it is carried out."""

    def answer(_: Request, real: Callable[[], Reply]) -> Reply:
        act()
        return real()

    return answer


@dataclass
class Plan:
    calls: str
    fault: Fault
    times: int


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever asked has hung up, as some cases want it."""


class Proxy:
    """Passes everything to `target` until told otherwise."""

    def __init__(self, target: str) -> None:
        parts = urllib.parse.urlsplit(target)
        self.host, self.target_port = parts.hostname or "", parts.port or 80
        self.requests: list[Request] = []
        self.plans: list[Plan] = []
        self.lock = threading.Lock()
        self.listener = Listener(("127.0.0.1", 0), handler(self))
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown()
        self.listener.server_close()

    def fault(self, fault: Fault, times: int = 1_000_000, calls: str = "") -> Proxy:
        """The next requests with `calls` in what is called fail this way; the fault that was told first comes first."""
        self.plans.append(Plan(calls, fault, times))
        return self

    def clear(self) -> None:
        self.plans.clear()
        self.requests.clear()

    def take(self, request: Request) -> Fault | None:
        with self.lock:
            self.requests.append(request)
            for plan in self.plans:
                if plan.times > 0 and plan.calls in request.call:
                    plan.times -= 1
                    return plan.fault
        return None

    @property
    def calls(self) -> list[str]:
        return [request.call for request in self.requests]

    @property
    def writes(self) -> list[str]:
        return [request.call for request in self.requests if request.writes]

    def forward(self, request: Request, target: str) -> Reply:
        connection = http.client.HTTPConnection(self.host, self.target_port, timeout=60)
        headers = {name: value for name, value in request.headers.items() if name not in HOP | {"host", "accept-encoding"}}
        try:
            connection.request(request.method, target, request.body or None, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP}
            return Reply(answer.status, answer.read(), kept)
        finally:
            connection.close()


def handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Two small writes an answer otherwise wait for each other's acknowledgement.
        wbufsize = -1

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, path, urllib.parse.parse_qs(query), body, headers)
            fault = proxy.take(request)

            def real() -> Reply:
                return proxy.forward(request, self.path)

            reply = real() if fault is None else fault(request, real)
            if reply is None:
                return self.reset()
            request.answered = reply.status
            self.answer(reply)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

        def answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut])
            self.close_connection = self.close_connection or reply.cut is not None

        def reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            # The reset is sent when the last reference to the socket goes.
            self.rfile.close()
            self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
