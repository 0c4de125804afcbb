"""Real servers of Kubeflow on loopback: each function starts one, `stop` ends it, and so does the end of the test however it ends.

    with start_apiserver() as apis, start_mlmd(apis.url) as ui: ...

What they are built from is fetched by name when it is missing; builds and virtual environments are kept in PROOFMARK_CACHE.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import atexit
import base64
import http.client
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from making import HERE, build, kserve, python
from postgres import Postgres

#: How long a server may take to say where it listens.
START = 120

# Servers.


class Answer:
    """What a server said; `json` only where it is that, with the status that was expected."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers

    @property
    def json(self) -> Any:
        assert self.status < 300, f"{self.status}: {self.body[:2000]!r}"
        return json.loads(self.body)

    @property
    def problem(self) -> Any:
        """An answer that is none."""
        assert self.status >= 400, f"{self.status}: {self.body[:2000]!r}"
        return json.loads(self.body)


class Server:
    """A program that says `LISTENING http://...` and ends when its input does."""

    #: What `ask` puts before a path that does not begin with `/`.
    base = "/"

    def __init__(self, command: list[str], variables: Mapping[str, str] | None = None) -> None:
        """In the command, `{folder}` is a folder that goes when the server stops."""
        self.folder = Path(tempfile.mkdtemp(prefix="proofmark-kubeflow-"))
        command = [part.replace("{folder}", str(self.folder)) for part in command]
        self.log = self.folder / "server.log"
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        kept["TMPDIR"] = str(self.folder)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Unfollowed())
        piped: dict[str, Any] = {"bufsize": 0, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with self.log.open("wb") as log:
            self.program = subprocess.Popen(command, cwd=self.folder, env=kept | dict(variables or {}), stderr=log, **piped)
        atexit.register(self.stop)
        self.url = self._address()

    def _address(self) -> str:
        """What it says before that is in `lines`."""
        self.lines: list[str] = []
        assert self.program.stdout
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and select.select([self.program.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            line = self.program.stdout.readline().decode()
            if line.startswith("LISTENING "):
                return line.split()[1]
            self.lines.append(line)
            if not line:
                break
        log = self.log.read_text(errors="replace")[-3000:]
        self.stop()
        raise AssertionError(f"the server did not start:\n{log}")

    def stop(self) -> None:
        if self.program.stdin and not self.program.stdin.closed:
            self.program.stdin.close()
            try:
                self.program.wait(10)
            except subprocess.TimeoutExpired:
                self.program.kill()
                self.program.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """A request; `body` is sent as JSON, or as it is where it is bytes."""
        url = self.url + (path if path.startswith("/") else self.base + path)
        url += f"?{urllib.parse.urlencode(query, doseq=True)}" if query else ""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(url, method=method, data=data)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.add_header(name, value)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), error.headers)

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("GET", path, **query).json

    def post(self, path: str, body: Any = None) -> Any:
        return self.ask("POST", path, body).json

    @property
    def memory(self) -> int:
        """What it holds, in KB."""
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer."""

    def redirect_request(self, *_: object) -> None:
        return None


class ApiServer(Server):
    """The API server of Kubeflow Pipelines."""

    base = "/apis/v2beta1/"

    def upload(
        self,
        content: bytes,
        path: str = "pipelines/upload",
        file: str = "pipeline.yaml",
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """A pipeline, or a version where `path` says so."""
        boundary = uuid.uuid4().hex
        part = f'Content-Disposition: form-data; name="uploadfile"; filename="{file}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        body = f"--{boundary}\r\n{part}".encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self.ask("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}, **query)

    def move(self, run: str, phase: str = "", **more: Any) -> Any:
        """Moves a run's workflow on as Argo would, and reports it: `message`, `nodes`, `metrics`, `started`, `finished`."""
        return self.post(f"/_test/runs/{run}", {"phase": phase, **more})

    def store(self, key: str, content: bytes) -> None:
        """Puts a file into the object store."""
        self._put(f"objects/{key}", content)

    def write_log(self, node: str, content: bytes) -> None:
        """What the pod of a node wrote."""
        self._put(f"logs/{node}", content)

    def _put(self, path: str, content: bytes) -> None:
        answer = self.ask("PUT", f"/_test/{path}", content, {"Content-Type": "application/octet-stream"})
        assert answer.status == http.client.OK, answer.body


class Mlmd(Server):
    """ML Metadata behind gRPC-web; `grpc` is its address without the web."""

    def _address(self) -> str:
        web = super()._address()
        (self.grpc,) = [line.split()[1] for line in self.lines if line.startswith("GRPC ")]
        return web

    def fill(self, run: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Writes what driver and launcher write for a run; see `Filler` in `mlmd.py`."""
        return self.post(f"/_test/runs/{urllib.parse.quote(run, safe='')}", asked)

    def launch(self, runs: list[Mapping[str, Any]]) -> None:
        """The same for new runs, each with its id as `run`, by Kubeflow's own client for the store."""
        given = {"input": json.dumps(runs), "text": True, "capture_output": True, "check": False, "timeout": 120}
        done = subprocess.run([str(build("apiserver", "./launcher")), self.grpc], **given)
        assert done.returncode == 0, done.stderr[-3000:]

    def fail(self, status: int, message: str = "", count: int = 1) -> None:
        """The next calls fail with a gRPC status."""
        self.post("/_test/replies", {"status": status, "message": message, "count": count})


class Registry(Server):
    """Kubeflow Model Registry, and its database."""

    base = "/api/model_registry/v1alpha3/"

    def __init__(self, command: list[str], database: Postgres) -> None:
        self.database = database
        super().__init__(command)

    def stop(self) -> None:
        super().stop()
        self.database.stop()


class Kubernetes(Server):
    """The API server for custom resources, with KServe's in it. `token` is one that may do everything."""

    base = "/apis/serving.kserve.io/v1beta1/"
    token = "of-a-deployer"

    def _address(self) -> str:
        plain = super()._address()
        assert self.lines and self.lines[0].startswith("TLS ")
        self.secure = self.lines[0].split()[1]
        return plain

    @property
    def certificate(self) -> bytes:
        """What to trust at `secure`, which is a name for 127.0.0.1."""
        return (self.folder / "kubernetes/apiserver.crt").read_bytes()

    def kubeconfig(self, token: str = token, namespace: str = "models") -> str:
        """One for this server, as JSON, which is YAML too."""
        cluster = {"server": self.secure, "certificate-authority-data": base64.b64encode(self.certificate).decode()}
        context = {"cluster": "tests", "user": "tests", "namespace": namespace}
        parts = {"clusters": [{"name": "tests", "cluster": cluster}], "users": [{"name": "tests", "user": {"token": token}}]}
        parts |= {"contexts": [{"name": "tests", "context": context}], "current-context": "tests"}
        return json.dumps({"apiVersion": "v1", "kind": "Config", **parts})

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        return super().ask(method, path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})}, **query)

    def set_status(self, name: str, status: Mapping[str, Any], namespace: str = "models") -> Any:
        """What KServe's controller says of a service; the rest of the status stays."""
        path = f"namespaces/{namespace}/inferenceservices/{name}/status"
        return self.ask("PATCH", path, {"status": status}, {"Content-Type": "application/merge-patch+json"}).json


# Starting.


def start_apiserver(*, multi_user: bool = False, grants: Mapping[str, list[str]] | None = None, tokens: Mapping[str, str] | None = None) -> ApiServer:
    """With `multi_user`, `grants` are the namespaces of each user (header `kubeflow-userid`), and `tokens` the users of bearer tokens."""
    command = [str(build("apiserver"))] + (["--multi-user"] if multi_user else [])
    command += [part for user, spaces in (grants or {}).items() for space in spaces for part in ("--grant", f"{user}={space}")]
    command += [part for token, user in (tokens or {}).items() for part in ("--token", f"{token}={user}")]
    return ApiServer(command)


def start_mlmd(apis: str = "", database: Path | None = None) -> Mlmd:
    """With `apis` it is what the UI is: it also passes on what is for the API server there."""
    command = [str(python("mlmd")), str(HERE / "mlmd.py")] + (["--apis", apis] if apis else [])
    return Mlmd(command + (["--database", str(database)] if database else []), {"PYTHONDONTWRITEBYTECODE": "1"})


def start_registry() -> Registry:
    program = build("registry")
    database = Postgres()
    try:
        return Registry([str(program), "--database", database.source], database)
    except BaseException:
        database.stop()
        raise


def start_kubernetes(*, tokens: Mapping[str, str] | None = None, denials: Mapping[str, list[str]] | None = None) -> Kubernetes:
    """`tokens` are the users of further bearer tokens, and `denials` the verbs that a user may not use."""
    definition, config = kserve()
    command = [str(build("kubernetes")), "--folder", "{folder}/kubernetes", "--crd", str(definition), "--config", str(config)]
    known = {Kubernetes.token: "deployer", **(tokens or {})}
    command += [part for token, user in known.items() for part in ("--token", f"{token}={user}")]
    command += [part for user, verbs in (denials or {}).items() for verb in verbs for part in ("--deny", f"{user}={verb}")]
    return Kubernetes(command)


def run_local_pipeline(folder: Path, **options: Any) -> Path:
    """Runs the pipeline without a server, and gives the folder with a folder for each task."""
    return Path(_pipeline(folder, options).splitlines()[-1])


def compile_pipeline(folder: Path) -> Path:
    """The compiled pipeline, as a server takes it."""
    _pipeline(folder, {"compile": True})
    return folder / "pipeline.yaml"


def _pipeline(folder: Path, options: Mapping[str, Any]) -> str:
    command = [str(python()), str(HERE / "pipeline.py"), str(folder)]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    variables = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
