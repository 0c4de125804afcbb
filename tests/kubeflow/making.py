"""Builds the programs of this folder and the virtual environments that they need, each once.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("PROOFMARK_CACHE") or Path.home() / ".cache/proofmark")


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Two tests that start at once build once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"kubeflow-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(name: str, package: str = ".") -> Path:
    """A program of a Go module beside this file; built when that or Go is not what it was."""
    folder, program = HERE / name, CACHE / "go" / (name if package == "." else package.removeprefix("./"))
    stamp = program.with_suffix(".stamp")
    with alone(f"go-{name}"):
        go = shutil.which("go") or sys.exit("`go` is missing; install Go 1.26 or newer")
        version = subprocess.run([go, "version"], cwd=folder, check=True, capture_output=True, text=True).stdout
        sources = [file for file in sorted(folder.rglob("*")) if file.suffix in {".go", ".mod", ".sum"}]
        contents = [f"{file.relative_to(folder)}\n{file.read_text()}" for file in sources]
        wanted = hashlib.sha256("\n".join([version, *contents]).encode()).hexdigest()
        if not program.exists() or not stamp.exists() or stamp.read_text() != wanted:
            program.parent.mkdir(parents=True, exist_ok=True)
            flags = "-p=2 -buildvcs=false -mod=readonly"
            command = ["nice", go, "build", "-ldflags=-s -w", "-o", str(program), package]
            subprocess.run(command, cwd=folder, check=True, env=os.environ | {"GOFLAGS": flags, "GOWORK": "off"})
            stamp.write_text(wanted)
    return program


def module(name: str, path: str) -> Path:
    """Where Go keeps the sources of what a program is built from."""
    command = ["go", "list", "-m", "-f", "{{.Dir}}", path]
    variables = os.environ | {"GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    done = subprocess.run(command, cwd=HERE / name, check=True, capture_output=True, text=True, env=variables)
    return Path(done.stdout.strip())


def python(kind: str = "kubeflow") -> Path:
    """A Python that has what `requirements.txt` (`kubeflow`) or `requirements-mlmd.txt` (`mlmd`) asks for."""
    given = os.environ.get(f"PROOFMARK_{kind.upper()}_PYTHON")
    if given:
        return Path(given)
    requirements = HERE / ("requirements.txt" if kind == "kubeflow" else f"requirements-{kind}.txt")
    folder = CACHE / f"venv-{kind}"
    stamp, program = folder / "rig-stamp", folder / "bin/python"
    with alone(f"venv-{kind}"):
        # What the set-up made is as the set-up wants it.
        if not (folder / "proofmark-stamp").exists() and (not stamp.exists() or stamp.read_text() != requirements.read_text()):
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([interpreter(kind), "-m", "venv", str(folder)], check=True)
            command = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(requirements)]
            subprocess.run(command, check=True)
            stamp.write_text(requirements.read_text())
    return program


def interpreter(kind: str) -> str:
    """One that there are wheels for."""
    names = ["python3.11", "python3.10", "python3.9"] if kind == "mlmd" else [sys.executable, "python3.11", "python3.12", "python3.13"]
    for name in names:
        if shutil.which(name) and subprocess.run([name, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
            return name
    sys.exit(f"none of {', '.join(names)} is there with its module `venv`")
