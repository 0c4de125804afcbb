#!/usr/bin/env python
"""The binary against real MLflow: servers of two major versions over a database and over files, with and without users, and their
stores without a server.

    PROOFMARK_BIN=... PROOFMARK_MLFLOW_PYTHON=... PROOFMARK_MLFLOW2_PYTHON=... python tests/mlflow/end_to_end.py [CASE...]

Arguments choose cases by a part of their name. The exit code is 1 when any fails; their folder is then kept.
"""

from __future__ import annotations

import sys

sys.dont_write_bytecode = True

import faults  # noqa: E402
import promoting  # noqa: E402
import reading  # noqa: E402
from rig import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main([*reading.CASES, *faults.CASES, *promoting.CASES]))
