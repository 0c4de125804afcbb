"""What the programs of this folder share: real servers and stores, filled once, and runs of the binary against them.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from world import EXPERIMENT, RULE, SOURCE, commits, make_repository, seed

# `world` makes this importable.
from support import Repo, Run, World, strict  # isort: skip

from faulty import Proxy
from server import READER, Server

#: How the gate ends that found nothing to judge.
NOT_JUDGED = 2
#: What a run of the binary may take; retries against a broken server wait in seconds.
QUICK = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0"}


@dataclass
class Store:
    """A place that holds the runs of the world."""

    title: str
    uri: str
    #: What was logged there: run ids by name.
    runs: dict[str, str]
    server: Server | None = None
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"MLFLOW_TRACKING_URI": self.uri} | QUICK | self.variables

    def names(self, ids: list[str]) -> set[str]:
        by_id = {identity: name for name, identity in self.runs.items()}
        return {by_id[identity] for identity in ids}


class Rig:
    """The project, and every store with its runs."""

    def __init__(self) -> None:
        self.world = World()
        self.project = make_repository(self.world)
        self.ids = commits(self.project)
        self.stores: dict[str, Store] = {}
        self.variants: dict[str, Repo] = {}

    def start(self) -> Rig:
        """Starts the servers side by side and fills all stores at once."""
        folder = self.world.folder / "stores"
        servers = {
            "3.17 over sqlite": Server(folder / "sqlite", webhooks=True),
            "3.17 over files": Server(folder / "files", "file"),
            "2.22 over sqlite": Server(folder / "old", major=2),
        }
        (folder / "local").mkdir()
        local = {"sqlite": f"sqlite:///{folder}/local/mlflow.db", "folder": str(folder / "folder/mlruns")}
        with ThreadPoolExecutor() as pool:
            seeded = {title: pool.submit(self._fill, server.url, server.major, server) for title, server in servers.items()}
            seeded |= {title: pool.submit(self._fill, uri, 3) for title, uri in local.items()}
            servers["3.17 over sqlite"].wait()
            # A second server over the first one's database, when that is there.
            auth = Server(folder / "sqlite", auth=True)
            runs = {title: future.result() for title, future in seeded.items()}
        for title, server in servers.items():
            self._add(title, server.url, runs[title], server=server)
        for title, uri in local.items():
            self._add(title, uri, runs[title])
        for title in ("3.17 over sqlite", "2.22 over sqlite"):
            self._add(f"database of {title.split()[0]}", servers[title].store_uri, runs[title])
        auth.wait().post("users/create", username=READER[0], password=READER[1])
        self._add("3.17 with users", auth.url, runs["3.17 over sqlite"], server=auth, variables=user(*READER))
        return self

    def _fill(self, uri: str, major: int, server: Server | None = None) -> dict[str, str]:
        if server:
            server.wait()
        return seed(uri, major, self.ids)["runs"]

    def _add(self, title: str, uri: str, runs: dict[str, str], **more: Any) -> None:
        self.stores[title] = Store(title, uri, runs, **more)

    def stop(self) -> None:
        for store in self.stores.values():
            if store.server:
                store.server.stop()

    @property
    def newest(self) -> Store:
        return self.stores["3.17 over sqlite"]

    @property
    def kinds(self) -> list[Store]:
        """One of each kind: with users all is as without, once they are let in."""
        return [store for store in self.stores.values() if "users" not in store.title]

    @property
    def registries(self) -> list[Store]:
        return [self.newest, self.stores["3.17 over files"], self.stores["2.22 over sqlite"]]

    def variant(self, policy: str) -> Repo:
        """The project where `main` says something else; the merge bases stay."""
        if policy not in self.variants:
            repo: Repo = object.__new__(Repo)
            repo.world, repo.path = self.world, self.world.folder / f"variant-{len(self.variants)}"
            shutil.copytree(self.project.path, repo.path)
            repo.git("checkout", "-q", "main")
            self.variants[policy] = repo.commit("Other rules", {"proofmark.toml": policy})
        return self.variants[policy]

    @contextmanager
    def proxy(self, store: Store) -> Iterator[tuple[Proxy, Store]]:
        """The same store behind a proxy."""
        with Proxy(store.uri) as proxy:
            yield proxy, Store(store.title, proxy.url, store.runs, store.server, store.variables)


def user(name: str, password: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_USERNAME": name, "MLFLOW_TRACKING_PASSWORD": password}


def source(*lines: str, rule: str = RULE) -> str:
    """A policy with more about the runs."""
    return "\n".join([SOURCE.rstrip(), *lines, "", rule])


# Judging.


@dataclass
class Judged:
    """What the gate said."""

    code: int
    report: dict[str, Any]
    told: str
    store: Store

    def side(self, side: str) -> dict[str, Any]:
        (tracked,) = self.report["comparison"]["tracked"]
        return tracked[side]

    def runs(self, side: str = "head") -> set[str]:
        return self.store.names([run["id"] for run in self.side(side)["runs"]])

    def row(self, metric: str, file: str = f"mlflow:{EXPERIMENT}") -> dict[str, Any]:
        (row,) = [row for row in self.report["comparison"]["metrics"] if row["file"] == file and row["key"] == metric]
        return row

    @property
    def findings(self) -> dict[str, dict[str, Any]]:
        return {finding["metric"]: finding for finding in self.report["judgement"]["findings"] if finding.get("metric")}

    @property
    def problems(self) -> str:
        return " ".join(str(self.report["comparison"][side].get("problems", "")) for side in ("base", "head"))


def run(store: Store, repo: Repo, *arguments: str, code: int | tuple[int, ...] = 0, variables: Mapping[str, str] | None = None) -> Any:
    """Runs the binary against a store and expects its exit code, or one of several."""
    codes = (code,) if isinstance(code, int) else code
    environment = {name: value for name, value in (store.environment | dict(variables or {})).items() if value}
    done = shell(repo, environment, *arguments)
    assert done.returncode in codes, f"{store.title}: {' '.join(arguments)} ended with {done.returncode}, not {code}\n{short(done)}"
    return done


def shell(repo: Repo, variables: Mapping[str, str], *arguments: str) -> Any:
    environment = repo.world.environment | dict(variables)
    given: dict[str, Any] = {"cwd": repo.path, "env": environment, "timeout": 120, "stdin": subprocess.DEVNULL}
    done = subprocess.run(["proofmark", *arguments], capture_output=True, text=True, encoding="utf-8", **given)
    return Run(done.args, done.returncode, done.stdout, done.stderr)


def short(done: Any) -> str:
    try:
        return in_short(strict(done.stdout)) + done.stderr
    except ValueError:
        return done.told


def gate(
    store: Store, repo: Repo, base: str, head: str, code: int | tuple[int, ...], variables: Mapping[str, str] | None = None
) -> Judged:
    done = run(store, repo, "gate", base, head, "--format", "json", code=code, variables=variables)
    report = strict(done.stdout) if done.stdout.strip() else {}
    return Judged(done.returncode, report, in_short(report) + done.stderr, store)


def in_short(report: dict[str, Any]) -> str:
    """What a person would look for."""
    told = [finding["explanation"] for finding in report.get("judgement", {}).get("findings", [])] + report.get("notes", [])
    for side in ("base", "head"):
        for problem in report.get("comparison", {}).get(side, {}).get("problems", []):
            told += [f"{problem['file']}: {problem['message']}", problem.get("hint", "")]
    return "\n".join(told) + "\n"


def promote(store: Store, repo: Repo, model: str, *arguments: str, code: int | tuple[int, ...] = 0) -> Any:
    """What it says as JSON; the finished program where it did not end with 0."""
    done = run(store, repo, "promote", model, *arguments, "--format", "json", code=code)
    return strict(done.stdout) if done.returncode == 0 else done


# Running.


def main(cases: list[Callable[[Rig], None]]) -> int:
    """Runs every case that an argument is a part of the name of; all of them without arguments."""
    chosen = [case for case in cases if not sys.argv[1:] or any(part in case.__name__ for part in sys.argv[1:])]
    started, rig, failed = time.monotonic(), Rig(), 0
    try:
        rig.start()
        print(f"{len(rig.stores)} stores are there after {time.monotonic() - started:.0f} s", flush=True)
        for case in chosen:
            began = time.monotonic()
            try:
                case(rig)
                outcome = "ok"
            except Exception:  # noqa: BLE001 (the next case is another)
                traceback.print_exc()
                outcome, failed = "FAILED", failed + 1
            print(f"{case.__name__:<60} {time.monotonic() - began:5.1f} s  {outcome}", flush=True)
    finally:
        rig.stop()
    print(f"{len(chosen) - failed} passed, {failed} failed, {time.monotonic() - started:.0f} s")
    if failed:
        print(f"see {rig.world.folder}")
    else:
        rig.world.remove()
    return 1 if failed or not chosen else 0
