#!/usr/bin/env python
"""The binary against real Kubeflow: the API server of Pipelines with and without users, the metadata store, and Kubeflow's own launcher,
compiler and local runner.

    PROOFMARK_BIN=... python tests/kubeflow/end_to_end.py [CASE...]

Arguments choose cases by a part of their name. The exit code is 1 when any fails; its folder is then kept.
"""

from __future__ import annotations

import sys

sys.dont_write_bytecode = True

import reading  # noqa: E402
import starting  # noqa: E402
from scene import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main([*reading.CASES, *starting.CASES]))
