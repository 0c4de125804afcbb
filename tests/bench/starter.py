"""Starts programs one after another, and tells what each of them took."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024

#: Starts what it is told. A small process of its own, since a new process begins with the peak memory of its parent.
CHILD = r"""
import json, os, sys, time
nothing = os.open(os.devnull, os.O_RDWR)
for line in sys.stdin:
    told = json.loads(line)
    os.chdir(told["folder"])
    actions = [(os.POSIX_SPAWN_DUP2, nothing, stream) for stream in (0, 1, 2)]
    started = time.perf_counter()
    process = os.posix_spawn(told["command"][0], told["command"], told["environment"], file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]), flush=True)
"""


@dataclass(frozen=True)
class Run:
    """One whole process."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


class Runs(list[Run]):
    """Of one program: medians."""

    @property
    def wall(self) -> float:
        """Milliseconds."""
        return statistics.median(run.seconds for run in self) * 1000

    @property
    def cpu(self) -> float:
        """Milliseconds of all processors."""
        return statistics.median(run.processor_seconds for run in self) * 1000

    @property
    def mib(self) -> float:
        """Of memory, at its peak."""
        return statistics.median(run.peak_bytes for run in self) / MIB


class Starter:
    """Starts processes and tells what they used."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", "-c", CHILD]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, command: list[str], folder: Path, environment: dict[str, str], code: int = 0) -> Run:
        """A program that ends with another code is run again to be seen, and ends everything."""
        assert self.process.stdin and self.process.stdout
        told = {"folder": str(folder), "command": command, "environment": environment}
        print(json.dumps(told), file=self.process.stdin, flush=True)
        ended, seconds, processor_seconds, peak = json.loads(self.process.stdout.readline())
        if ended != code:
            shown = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            sys.exit(f"{' '.join(command)} in {folder} ended with {ended}, not {code}\n{shown.stdout}{shown.stderr}")
        return Run(seconds, processor_seconds, peak * (1 if sys.platform == "darwin" else 1024))

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()
