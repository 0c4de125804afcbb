# shellcheck shell=bash
# Where the tests keep what they make, for every script that runs them. Sourced, not run.
# Nothing is written into the checkout: builds, the Python environment and the fuzzing corpora live in one cache.

: "${PROOFMARK_CACHE:=$HOME/.cache/proofmark}"
: "${CARGO_TARGET_DIR:=$PROOFMARK_CACHE/target}"
PROOFMARK_VENV="$PROOFMARK_CACHE/venv"
PROOFMARK_PYTHON="$PROOFMARK_VENV/bin/python"
PROOFMARK_STATISTICS_VENV="$PROOFMARK_CACHE/venv-statistics"
PROOFMARK_STATISTICS_PYTHON="$PROOFMARK_STATISTICS_VENV/bin/python"
PROOFMARK_DVC="$PROOFMARK_VENV/bin/dvc"
export PROOFMARK_CACHE CARGO_TARGET_DIR PROOFMARK_VENV PROOFMARK_PYTHON PROOFMARK_DVC
export PROOFMARK_STATISTICS_VENV PROOFMARK_STATISTICS_PYTHON

# DVC reports its use to its makers and asks for newer versions unless told otherwise.
export DVC_NO_ANALYTICS=1
