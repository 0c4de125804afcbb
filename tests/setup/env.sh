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
PROOFMARK_MLFLOW_VENV="$PROOFMARK_CACHE/venv-mlflow"
PROOFMARK_MLFLOW_PYTHON="$PROOFMARK_MLFLOW_VENV/bin/python"
PROOFMARK_MLFLOW2_VENV="$PROOFMARK_CACHE/venv-mlflow2"
PROOFMARK_MLFLOW2_PYTHON="$PROOFMARK_MLFLOW2_VENV/bin/python"
export PROOFMARK_CACHE CARGO_TARGET_DIR PROOFMARK_VENV PROOFMARK_PYTHON PROOFMARK_DVC
export PROOFMARK_STATISTICS_VENV PROOFMARK_STATISTICS_PYTHON
export PROOFMARK_MLFLOW_VENV PROOFMARK_MLFLOW_PYTHON PROOFMARK_MLFLOW2_VENV PROOFMARK_MLFLOW2_PYTHON

# DVC reports its use to its makers and asks for newer versions unless told otherwise.
export DVC_NO_ANALYTICS=1
# MLflow reports it too.
export MLFLOW_DISABLE_TELEMETRY=true
