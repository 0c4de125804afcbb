"""A real browser without a window, told what to do over a pipe (Chrome DevTools Protocol), and a server on loopback for it.

Nothing is asked of the page by script: the pages under test are served so that no script may run.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# What Jenkins sends with the files of a workspace, with archived ones and with published pages, unless somebody weakened it.
POLICY = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT = 60


class Browser:
    def __enter__(self) -> Browser:
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            sys.exit("Chromium is missing (Debian's package: chromium)")
        self.profile = tempfile.mkdtemp(prefix="proofmark-browser-")
        (commands, self.commands), (self.answers, answers) = os.pipe(), os.pipe()
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]
        options += ["--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "about:blank"]
        # The protocol's pipes are the descriptors 3 and 4.
        shell = ["sh", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "sh", program, *options]
        self.process = subprocess.Popen(shell, pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.watch = threading.Timer(TIMEOUT * 4, self.process.kill)
        self.watch.start()
        self.unread, self.last, self.events = b"", 0, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "DOM"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self.watch.cancel()
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, address: str, width: int, *, dark: bool = False) -> Page:
        self.ask("Log.clear")
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=scheme)
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.events = []
        failed = self.ask("Page.navigate", url=address).get("errorText")
        assert not failed, f"{address}: {failed}"
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        return Page(self, width)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.last += 1
        request = {"id": self.last, "method": method, "params": parameters}
        if session := getattr(self, "session", None):
            request["sessionId"] = session
        os.write(self.commands, json.dumps(request).encode() + b"\0")
        while (message := self.message()).get("id") != self.last:
            self.events.append(message)
        assert "error" not in message, f"{method}: {message}"
        return message["result"]

    def message(self) -> dict[str, Any]:
        while b"\0" not in self.unread:
            more = os.read(self.answers, 1 << 20)
            assert more, "the browser is gone"
            self.unread += more
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)


class Page:
    """What the browser made of an address."""

    def __init__(self, browser: Browser, width: int) -> None:
        self.browser, self.asked_width = browser, width
        snapshot = browser.ask("DOMSnapshot.captureSnapshot", computedStyles=[])
        self.strings, self.document = snapshot["strings"], snapshot["documents"][0]
        entries = [event["params"]["entry"] for event in browser.events if event["method"] == "Log.entryAdded"]
        # The browser looks for a picture of the site by itself.
        self.log = [entry["text"] for entry in entries if not entry.get("url", "").endswith("/favicon.ico")]

    def width(self) -> float:
        """How wide the page is, with what has to be scrolled to."""
        return self.browser.ask("Page.getLayoutMetrics")["cssContentSize"]["width"]

    def elements(self) -> list[str]:
        names = [self.strings[name] for name in self.document["nodes"]["nodeName"]]
        return [name for name in names if name.isalnum() and name != "html"]

    def text(self) -> str:
        """What is laid out: texts that are folded away are not."""
        return "\n".join(text for text, _, _ in self.laid_out())

    def texts_outside_of_tables(self) -> list[tuple[str, float]]:
        """Each text with its right edge."""
        return [(text, right) for text, right, node in self.laid_out() if not self.is_in("TABLE", node)]

    def laid_out(self) -> Iterator[tuple[str, float, int]]:
        layout, boxes = self.document["layout"], self.document["textBoxes"]
        right_of: dict[int, float] = {}
        for at, (left, _, width, _) in zip(boxes["layoutIndex"], boxes["bounds"]):
            right_of[at] = max(right_of.get(at, 0), left + width)
        for at, right in right_of.items():
            yield self.strings[layout["text"][at]], right, layout["nodeIndex"][at]

    def is_in(self, name: str, node: int) -> bool:
        nodes = self.document["nodes"]
        while node >= 0:
            if self.strings[nodes["nodeName"][node]] == name:
                return True
            node = nodes["parentIndex"][node]
        return False

    def keep(self, name: str) -> None:
        """A picture, for people."""
        if folder := os.environ.get("PROOFMARK_SCREENSHOTS"):
            picture = self.browser.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(picture))


class Server:
    def __init__(self, address: str) -> None:
        self.address, self.asked = address, []


@contextmanager
def serving(pages: Mapping[str, str], policy: str | None = POLICY) -> Iterator[Server]:
    """Serves pages as Jenkins does, and remembers what was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path)
            if self.path != "/favicon.ico":
                server.asked.append(self.path)
            body = (found or "").encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "text/html;charset=utf-8")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Length", str(len(body)))
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
