"""Real MLflow servers on loopback, one for each store and version that the tests ask for.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: The administrator of servers with basic authentication, and a user who may only read.
ADMIN = ("admin", "admin-password-1234")
READER = ("reader", "reader-password-1234")
#: How long a server may take to start: it imports for seconds, and a new database goes through all migrations.
START = 120

#: Starts a program in a process group of its own and ends the whole group when its own input ends, which is when the test ends,
#: however it does: servers start workers, and those outlive a parent that is killed.
GUARD = r"""
import os, signal, subprocess, sys
program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
for wanted in (signal.SIGINT, signal.SIGTERM):
    signal.signal(wanted, signal.SIG_IGN)
sys.stdin.buffer.read()
for deadly, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 10)):
    try:
        os.killpg(program.pid, deadly)
        program.wait(patience)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
"""


def python(major: int = 3) -> str:
    """The Python that has MLflow of this major version."""
    name = {2: "PROOFMARK_MLFLOW2_PYTHON", 3: "PROOFMARK_MLFLOW_PYTHON"}[major]
    return os.environ.get(name) or sys.exit(f"{name} must name the Python that has it (`bash tests/run.sh mlflow` does)")


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of this user's MLflow, and no proxy between us and loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_") and not name.lower().endswith("_proxy")}
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "PYTHONWARNINGS": "ignore"}
    quiet |= {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true", "GIT_PYTHON_REFRESH": "quiet", "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | quiet | dict(more or {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    """What a server said: `json` where it is that."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers

    @property
    def json(self) -> Any:
        assert self.status == 200, f"{self.status}: {self.body[:500]!r}"
        return json.loads(self.body)


class Server:
    """A server over `folder`, which holds its store and artifacts and may be used again by a later one.

    `store` is `sqlite` or `file`.
    """

    def __init__(self, folder: Path, store: str = "sqlite", major: int = 3, *, auth: bool = False, webhooks: bool = False) -> None:
        self.folder, self.store, self.major, self.auth = folder, store, major, auth
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with self.log.open("ab") as log:
            self.guard = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", GUARD, *self._command()],
                cwd=folder,
                env=clean_environment(self._variables(webhooks)),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        atexit.register(self.stop)
        self.ready = False

    def _command(self) -> list[str]:
        command = [python(self.major), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", self.store_uri, "--artifacts-destination", str(self.folder / "mlartifacts")]
        return command + (["--app-name", "basic-auth"] if self.auth else [])

    def _variables(self, webhooks: bool) -> dict[str, str]:
        variables = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        if self.auth:
            variables |= {"MLFLOW_FLASK_SERVER_SECRET_KEY": "for-tests-only", "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1]}
        if webhooks:
            variables |= {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
            variables |= {"MLFLOW_WEBHOOK_CACHE_TTL": "1"}
        return variables

    @property
    def store_uri(self) -> str:
        return f"sqlite:///{self.folder}/mlflow.db" if self.store == "sqlite" else str(self.folder / "mlruns")

    def wait(self) -> Server:
        """Until it answers; several that were started before start side by side."""
        deadline = time.monotonic() + START
        while not self.ready:
            try:
                self.ready = self.opener.open(f"{self.url}/health", timeout=5).read() == b"OK"
            except OSError:
                alive = self.guard.poll() is None and time.monotonic() < deadline
                assert alive, f"the server did not start:\n{self.log.read_text(errors='replace')[-3000:]}"
                time.sleep(0.1)
        return self

    def stop(self) -> None:
        if self.guard.stdin and not self.guard.stdin.closed:
            self.guard.stdin.close()
            self.guard.wait(20)
        atexit.unregister(self.stop)

    def __enter__(self) -> Server:
        return self.wait()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """A request to the API, as administrator where there is one; `path` is that below `/api/2.0/mlflow/`, or begins with `/`."""
        url = self.url + (path if path.startswith("/") else f"/api/2.0/mlflow/{path}")
        url += f"?{urllib.parse.urlencode(query, doseq=True)}" if query else ""
        request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        if self.auth:
            request.add_header("Authorization", "Basic " + base64.b64encode(":".join(ADMIN).encode()).decode())
        try:
            with self.opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), error.headers)

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("GET", path, **query).json

    def post(self, path: str, **body: Any) -> Any:
        return self.ask("POST", path, body).json
