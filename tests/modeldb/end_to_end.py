#!/usr/bin/env python
"""The binary against the fake ModelDB of the testkit, since no real server can be had: what openapi.py finds of that one, counts here.

    PROOFMARK_BIN=... PROOFMARK_FAKE_MODELDB=... python tests/modeldb/end_to_end.py [CASE...]

Arguments choose cases by a part of their name. The exit code is 1 when any fails; its folder is then kept.
"""

from __future__ import annotations

import sys

sys.dont_write_bytecode = True

import promoting  # noqa: E402
import reading  # noqa: E402

# `scene` makes this importable.
from judging import main  # noqa: E402  isort: skip

if __name__ == "__main__":
    sys.exit(main([*reading.CASES, *promoting.CASES]))
