"""What the programs of this folder share: the project's root, the steps of action.yml, and a runner of cases.

Not executable, so `tests/run.sh` does not take it for a test.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]


def yaml(path: Path) -> Any:
    """A YAML file, read as version 1.2 has it: `on` is a word."""
    return YAML(typ="safe", pure=True).load(path)


def action() -> dict[str, Any]:
    return yaml(ROOT / "action.yml")


def tool(name: str) -> str:
    """A program of the Python environment that the tests have."""
    beside = Path(os.environ.get("PROOFMARK_VENV") or Path(sys.executable).parent.parent) / "bin" / name
    found = str(beside) if beside.exists() else shutil.which(name)
    return found or sys.exit(f"`{name}` is missing: `bash tests/run.sh setup` installs it")


def run_cases(cases: list[Callable[[Path], None]], prefix: str = "proofmark github-") -> None:
    """Runs every case in a folder of its own; the folder of one that fails is kept.

    Arguments choose cases by a part of their name.
    """
    failed = 0
    for case in cases:
        if sys.argv[1:] and not any(part in case.__name__ for part in sys.argv[1:]):
            continue
        started, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix=prefix)).resolve()
        try:
            case(folder)
            outcome = "ok"
            shutil.rmtree(folder, ignore_errors=True)
        except Exception:  # noqa: BLE001 (the next case has its own folder)
            traceback.print_exc()
            outcome, failed = f"FAILED, see {folder}", failed + 1
        print(f"{case.__name__:<60} {time.monotonic() - started:5.1f} s  {outcome}", flush=True)
    sys.exit(1 if failed else 0)
