"""The stage of install.py and release.py: a machine with the action's installer on it, and a server with releases behind real TLS.

Not executable, so that nobody takes it for a test.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import shutil
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rig import ROOT, action

TARGET = "x86_64-unknown-linux-musl"
RELEASED = b"#!/bin/sh\necho released\n"
#: Not that of the project, so that no test depends on it.
VERSION = "7.8.9"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archive(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def released(binary: bytes = RELEASED, target: str = TARGET) -> bytes:
    return archive({f"proofmark-{VERSION}-{target}/README.md": b"text", f"proofmark-{VERSION}-{target}/proofmark": binary})


@dataclass
class Run:
    code: int
    told: str
    outputs: str

    @property
    def binary(self) -> Path:
        name, _, value = self.outputs.rstrip("\n").partition("=")
        assert name == "binary" and "\n" not in value, self.outputs
        return Path(value)


class Runner:
    """A machine with the action in one folder and its caches in others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.programs, self.workspace = folder / "the action", folder / "programs", folder / "work space"
        for made in (self.source, self.programs, self.workspace, folder / "temp", folder / "home"):
            made.mkdir()
        shutil.copytree(ROOT / ".github/action", self.source / ".github/action")
        (self.source / "Cargo.toml").write_text(f'[workspace]\n\n[workspace.package]\nversion = "{VERSION}"\nedition = "2024"\n')
        self.environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "GITHUB_ACTION_PATH": str(self.source),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "RUNNER_TEMP": str(folder / "temp"),
            "RUNNER_TOOL_CACHE": str(folder / "tool cache"),
        }

    def list(self, packed: bytes, binary: bytes = RELEASED, target: str = TARGET) -> None:
        with (self.source / ".github/action/checksums.txt").open("a") as file:
            file.write(f"{VERSION} {target} {sha256(packed)} {sha256(binary)}\n")

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.programs / name).chmod(0o755)

    def cargo(self) -> None:
        """Notes what it was told, and makes a binary where cargo would."""
        self.program(
            "cargo",
            'printf "%s|%s|%s\\n" "$PWD" "$*" "${GH_TOKEN-no token}" >"$HOME/cargo"\n'
            'mkdir -p "$CARGO_TARGET_DIR/release" && cp /bin/echo "$CARGO_TARGET_DIR/release/proofmark"',
        )

    @property
    def cargo_said(self) -> str | None:
        note = self.folder / "home/cargo"
        return note.read_text() if note.exists() else None

    @property
    def cached(self) -> Path:
        return self.folder / "tool cache/proofmark" / VERSION / TARGET / "proofmark"

    def install(self, **variables: str) -> Run:
        """Runs the first step of action.yml as a runner does: its text in a file, its shell with that file."""
        step = action()["runs"]["steps"][0]
        script, output = self.folder / "step.sh", self.folder / "output"
        script.write_text(step["run"])
        output.write_text("")
        shell = [str(script) if word == "{0}" else word for word in step["shell"].split()]
        # Of the step's own environment what holds no expression; the rest is given by each case.
        own = {name: value for name, value in step["env"].items() if "${{" not in value}
        environment = self.environment | {"GITHUB_OUTPUT": str(output)} | variables | own
        done = subprocess.run(
            shell, cwd=self.workspace, env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        # The runner's folder for temporary files is left as it was.
        assert not list((self.folder / "temp").iterdir()), list((self.folder / "temp").iterdir())
        return Run(done.returncode, done.stdout + done.stderr, output.read_text())


@dataclass
class Site:
    """A server with releases; asked for what it does not have, it answers 404."""

    address: str
    authority: Path
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        return {"PROOFMARK_RELEASES": self.address, "PROOFMARK_INPUT_CA_FILE": str(self.authority)}


@contextmanager
def site(folder: Path, *, tls: bool = True) -> Iterator[Site]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 (its name)
            served.asked.append(self.path)
            if self.path in served.redirects:
                self.send_response(302)
                self.send_header("Location", served.redirects[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = served.files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    if tls:
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        made = ["openssl", "req", "-x509", *kind, *subject, "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(made, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    served = Site(f"{scheme}://localhost:{server.server_address[1]}", certificate)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


#: Of the archive below a place with releases.
PATH = f"/v{VERSION}/proofmark-{VERSION}-{TARGET}.tar.gz"
