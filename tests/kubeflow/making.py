"""Builds the programs of this folder and the virtual environments that they need, each once.

    python making.py

As a program it builds all the programs, which the set-up does. Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("PROOFMARK_CACHE") or Path.home() / ".cache/proofmark")
#: Module and package of each, the quickest first.
PROGRAMS = [("registry", "."), ("apiserver", "."), ("apiserver", "./launcher"), ("kubernetes", ".")]
KSERVE = "github.com/kserve/kserve"


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
        version = subprocess.run([go(), "version"], cwd=folder, check=True, capture_output=True, text=True).stdout
        sources = [file for file in sorted(folder.rglob("*")) if file.suffix in {".go", ".mod", ".sum"}]
        contents = [f"{file.relative_to(folder)}\n{file.read_text()}" for file in sources]
        wanted = hashlib.sha256("\n".join([version, *contents]).encode()).hexdigest()
        if not program.exists() or not stamp.exists() or stamp.read_text() != wanted:
            program.parent.mkdir(parents=True, exist_ok=True)
            flags = "-p=2 -buildvcs=false -mod=readonly"
            command = ["nice", go(), "build", "-ldflags=-s -w", "-o", str(program), package]
            subprocess.run(command, cwd=folder, check=True, env=os.environ | {"GOFLAGS": flags, "GOWORK": "off"})
            stamp.write_text(wanted)
    return program


def go() -> str:
    """The compiler: the set-up's own where it had to take one."""
    own = next(CACHE.glob("go-toolchain/lib/python3*/site-packages/go/bin/go"), None)
    return str(own) if own else shutil.which("go") or sys.exit("`go` is missing; install Go 1.26 or newer")


def kept(name: str, module: str, *files: str) -> list[Path]:
    """Files of a module that a program is built from. They are copied, since Go's own cache may be emptied."""
    folder = CACHE / "go" / f"{name}-files"
    stamp = folder / "stamp"
    wanted = hashlib.sha256("\n".join([(HERE / name / "go.mod").read_text(), module, *files]).encode()).hexdigest()
    copies = [folder / file for file in files]
    with alone(f"go-{name}"):
        if not stamp.exists() or stamp.read_text() != wanted or not all(copy.exists() for copy in copies):
            variables = os.environ | {"GOFLAGS": "-mod=readonly", "GOWORK": "off"}
            command = [go(), "mod", "download", "-json", module]
            done = subprocess.run(command, cwd=HERE / name, check=True, capture_output=True, text=True, env=variables)
            source = Path(json.loads(done.stdout)["Dir"])
            shutil.rmtree(folder, ignore_errors=True)
            for file, copy in zip(files, copies, strict=True):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / file, copy)
            stamp.write_text(wanted)
    return copies


def kserve() -> list[Path]:
    """The definition of InferenceService, and what KServe's webhook is told."""
    return kept("kubernetes", KSERVE, "config/crd/full/serving.kserve.io_inferenceservices.yaml", "config/configmap/inferenceservice.yaml")


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


def main() -> None:
    for name, package in PROGRAMS:
        began = time.monotonic()
        program = build(name, package)
        took = time.monotonic() - began
        if took > 1:
            print(f"built {program.name} of tests/kubeflow in {took:.0f} s", flush=True)
    kserve()


if __name__ == "__main__":
    main()
