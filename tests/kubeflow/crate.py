#!/usr/bin/env python
"""The tests of the crate proofmark-kubeflow that need a real Model Registry, or a real API server with KServe's definition in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from rig import start_kubernetes, start_registry  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    with start_registry() as registry, start_kubernetes(tokens={"of-a-reader": "reader"}, denials={"reader": ["patch"]}) as kubernetes:
        kubeconfig = registry.folder / "kubeconfig"
        kubeconfig.write_text(kubernetes.kubeconfig())
        where = {"REGISTRY": registry.url, "KUBERNETES": kubernetes.url, "KUBECONFIG": str(kubeconfig)}
        command = ["cargo", "test", "--quiet", "--locked", "--package", "proofmark-kubeflow", "--lib", "--", "--ignored"]
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | {f"PROOFMARK_TEST_{name}": value for name, value in where.items()}
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
