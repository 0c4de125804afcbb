#!/usr/bin/env python
"""The binary against real Kubeflow: the API server of Pipelines with and without users, the metadata store, Kubeflow's own launcher,
compiler and local runner, Model Registry, and KServe's definitions in a real API server of Kubernetes.

    PROOFMARK_BIN=... python tests/kubeflow/end_to_end.py [CASE...]

Arguments choose cases by a part of their name. The exit code is 1 when any fails; its folder is then kept.
"""

from __future__ import annotations

import sys

sys.dont_write_bytecode = True

import commands  # noqa: E402
import promoting  # noqa: E402
import reading  # noqa: E402
import serving  # noqa: E402
import starting  # noqa: E402
from judging import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main([*reading.CASES, *starting.CASES, *commands.CASES, *promoting.CASES, *serving.CASES]))
