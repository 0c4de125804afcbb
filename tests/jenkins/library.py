#!/usr/bin/env python
"""The shared library of Jenkins: every scenario of jenkins/test on Groovy 2.4, the version that Jenkins has, and a check of its code
for what Jenkins' engine runs otherwise. PROOFMARK_BIN is the binary that some scenarios run for real."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "jenkins"
TEST = LIBRARY / "test"
TIMEOUT = 600


def groovy() -> str:
    """The archive with all of Groovy; started by Java itself, since the launcher wants a JAVA_HOME."""
    listed = subprocess.run(["dpkg", "-L", "groovy"], capture_output=True, text=True, check=False).stdout.splitlines()
    for path in [os.environ.get("PROOFMARK_GROOVY_JAR"), *listed, "/usr/share/java/groovy-all.jar"]:
        if path and path.endswith("groovy-all.jar") and Path(path).is_file():
            return path
    sys.exit("Groovy 2.4 is missing: install Debian's package groovy, or name groovy-all.jar in PROOFMARK_GROOVY_JAR")


def java(*arguments: str) -> int:
    return subprocess.run(["java", "-Dfile.encoding=UTF-8", *arguments], cwd=ROOT, check=False, timeout=TIMEOUT).returncode


def main() -> int:
    binary = os.environ.get("PROOFMARK_BIN")
    if not binary:
        sys.exit("PROOFMARK_BIN must name the binary (`bash tests/run.sh jenkins` does)")
    archive = groovy()
    sources = [str(path) for folder in ("stubs", "harness") for path in sorted((TEST / folder).rglob("*.groovy"))]
    with tempfile.TemporaryDirectory(prefix="proofmark-groovy-") as classes:
        compiled = java("-cp", archive, "org.codehaus.groovy.tools.FileSystemCompiler", "-d", classes, *sources)
        if compiled != 0:
            return compiled
        run = ("-cp", os.pathsep.join([archive, classes]), "groovy.ui.GroovyMain")
        scenarios = java(*run, str(TEST / "run.groovy"), str(LIBRARY), str(Path(binary).resolve()))
        checked = java(*run, str(TEST / "static_check.groovy"), str(LIBRARY))
    return int(scenarios != 0 or checked != 0)


if __name__ == "__main__":
    sys.exit(main())
