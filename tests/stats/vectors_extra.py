#!/usr/bin/env python
"""Writes new vectors in the format of the specification's, from the references of this folder:

    python tests/stats/vectors_extra.py FILE [--seed N] [--each N]
    PROOFMARK_STATISTICS_VECTORS=FILE cargo test --release -p proofmark-stats vectors

So the program can be tried on cases that nobody has seen.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np  # noqa: E402

import cases_rows  # noqa: E402, F401 (registers its generators)
import references_gate  # noqa: E402, F401
import references_rows  # noqa: E402, F401
from agreement import encoded  # noqa: E402
from cases import BEYOND, GENERATORS, tolerance  # noqa: E402
from references import REFERENCES  # noqa: E402

#: What takes long, or needs few.
FEWER = {"paired_bootstrap": 3, "exact_bootstrap_accuracy_difference": 10, "bca_interval_from_replicates": 10, "roc_auc": 15, "delong_paired": 15}


def vectors(seed: int, each: int) -> Iterator[dict[str, Any]]:
    """Of each procedure; a random stream for each case, so that one more of a procedure changes nothing else."""
    for number, procedure in enumerate(sorted(GENERATORS.keys() - BEYOND)):
        for place in range(min(each, FEWER.get(procedure, each))):
            inputs, parameters = GENERATORS[procedure](np.random.default_rng([seed, number, place]))
            expected = REFERENCES[procedure](inputs, parameters)
            case = {"id": f"{procedure}-x{place:03}", "procedure": procedure, "inputs": inputs, "parameters": parameters, "expected": expected}
            yield encoded(case | {"tolerance": tolerance(procedure, inputs, expected), "source": "tests/stats"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=30, help="cases of each procedure")
    arguments = parser.parse_args()
    written = list(vectors(arguments.seed, arguments.each))
    document = {"version": 1, "set": f"extra, seed {arguments.seed}", "cases": written}
    arguments.file.write_text(json.dumps(document, allow_nan=False) + "\n")
    procedures = {case["procedure"] for case in written}
    print(f"{len(written)} cases of {len(procedures)} procedures in {arguments.file}")


if __name__ == "__main__":
    main()
