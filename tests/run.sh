#!/usr/bin/env bash
# Sets up what is missing and runs every test: `bash tests/run.sh [--bench] [PART...]`.
#
#   setup    Python, DVC, pre-commit, git, Go and the real servers that are built with it (tests/setup)
#   rust     cargo test --workspace
#   release  the binary that users get
#   stats    second opinions on statistics and tables from scipy, statsmodels and scikit-learn (tests/stats), and error rates
#   dvc      our comparison against DVC's own, on made-up repositories (tests/dvc)
#   e2e      the programs in tests/e2e
#   mlflow   real MLflow servers and stores of two major versions (tests/mlflow)
#   kubeflow real servers of Kubeflow, and real clients and descriptions of its API against the fake Kubeflow (tests/kubeflow)
#   modeldb  the fake ModelDB beside ModelDB's description of its API, and the binary against it (tests/modeldb)
#   jenkins  the shared library in a harness on Groovy, and real clients against the fake Jenkins (jenkins/test, tests/jenkins)
#   actions  action.yml, its installer, the workflows and the release, as far as they can be told without a runner (tests/github)
#   act      the whole action, run by act against a fake GitHub (tests/github)
#   fuzz     every fuzz target for PROOFMARK_FUZZ_SECONDS (20) each (tests/fuzz)
#   bench    speed and memory beside DVC, scipy, scikit-learn, MLflow and kfp (tests/bench); only with --bench or by name
#
# All parts run even when one fails; the exit code is 1 if any did. Builds and downloads go to PROOFMARK_CACHE
# (~/.cache/proofmark). PROOFMARK_BIN names another binary for the tests to use.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=SCRIPTDIR/setup/env.sh
source "$root/tests/setup/env.sh"
given_binary=${PROOFMARK_BIN:+$(realpath "$PROOFMARK_BIN")}
cd "$root"

part_setup() { bash tests/setup/setup.sh; }

part_rust() { checking_traffic cargo test --workspace --locked; }

part_release() { cargo build --release --locked; }

part_stats() {
    local failed=0
    "$PROOFMARK_STATISTICS_PYTHON" tests/stats/second_opinion.py || failed=1
    cargo run --quiet --release --locked -p proofmark-stats --example error_rates -- 20000 || failed=1
    return "$failed"
}

part_dvc() { "$PROOFMARK_PYTHON" tests/dvc/differential.py; }

part_e2e() {
    local file found=0 failed=0
    for file in tests/e2e/*.py; do
        [ -x "$file" ] || continue
        found=1
        printf -- '-- %s\n' "$file"
        PATH="$PROOFMARK_VENV/bin:$PATH" "$PROOFMARK_PYTHON" "$file" || failed=1
    done
    [ "$found" = 1 ] || printf 'no programs in tests/e2e\n'
    return "$failed"
}

part_mlflow() { "$PROOFMARK_MLFLOW_PYTHON" tests/mlflow/end_to_end.py; }

part_kubeflow() {
    local failed=0
    run_all tests/kubeflow/openapi.py tests/kubeflow/check.py tests/kubeflow/end_to_end.py tests/kubeflow/crate.py || failed=1
    printf -- '-- tests/kubeflow/official_client.py\n'
    "$PROOFMARK_KUBEFLOW_PYTHON" -B tests/kubeflow/official_client.py || failed=1
    return "$failed"
}

part_modeldb() { run_all tests/modeldb/openapi.py tests/modeldb/end_to_end.py; }

part_jenkins() { run_all tests/jenkins/clients.py tests/jenkins/library.py; }

part_actions() { run_all tests/github/lint.py tests/github/install.py tests/github/release.py; }

part_act() { checking_traffic run_all tests/github/act.py tests/github/act_triggers.py tests/github/strangers.py 'tests/github/speed.py --loose'; }

part_fuzz() { bash tests/fuzz/run.sh; }

part_bench() {
    local failed=0
    run_all tests/bench/compare_with_dvc.py tests/github/speed.py || failed=1
    "$PROOFMARK_STATISTICS_PYTHON" tests/bench/judgement.py || failed=1
    "$PROOFMARK_MLFLOW_PYTHON" tests/bench/mlflow.py || failed=1
    run_all tests/bench/kubeflow.py || failed=1
    return "$failed"
}

# Runs Python programs one after another, all of them even when one fails.
run_all() {
    local program failed=0
    for program in "$@"; do
        printf -- '-- %s\n' "$program"
        # shellcheck disable=SC2086 # a file and its arguments
        "$PROOFMARK_PYTHON" $program || failed=1
    done
    return "$failed"
}

# Runs a command, and then checks what it sent to fake GitHubs, and their answers, against GitHub's description of its API.
checking_traffic() {
    local folder failed=0
    folder=$(mktemp -d)
    PROOFMARK_TRAFFIC=$folder "$@" || failed=1
    if [ -x "$PROOFMARK_PYTHON" ]; then
        "$PROOFMARK_PYTHON" tests/github/openapi.py "$folder"/*.jsonl || failed=1
    else
        printf "what was sent is not checked before \`bash tests/run.sh setup\`\n"
    fi
    rm -rf "$folder"
    return "$failed"
}

# fake SYSTEM [PROFILE]: the fake of the testkit, built.
fake() {
    local profile=${2:-debug}
    cargo build --quiet --locked --package proofmark-testkit --bin "fake_$1" --profile "${profile/debug/dev}" || return
    printf '%s\n' "$CARGO_TARGET_DIR/$profile/fake_$1"
}

# The binary under test: the caller's, or the one that users get, or (when that part was not asked for) a quick build.
binary_for_tests() {
    if [ -n "$given_binary" ]; then
        printf '%s\n' "$given_binary"
    elif selected release || selected bench; then
        selected release || cargo build --quiet --release --locked || return
        printf '%s\n' "$CARGO_TARGET_DIR/release/proofmark"
    else
        cargo build --quiet --locked || return
        printf '%s\n' "$CARGO_TARGET_DIR/debug/proofmark"
    fi
}

selected() {
    local part
    for part in "${parts[@]}"; do
        [ "$part" = "$1" ] && return 0
    done
    return 1
}

usage() { sed -n '2,/^set/{/^# \{0,1\}/s///p}' "${BASH_SOURCE[0]}"; }

read_arguments() {
    local with_bench=0
    parts=()
    while [ $# -gt 0 ]; do
        case $1 in
        --bench) with_bench=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        setup | rust | release | stats | dvc | e2e | mlflow | kubeflow | modeldb | jenkins | actions | act | fuzz | bench) parts+=("$1") ;;
        *)
            printf 'no part is called %s\n\n' "$1" >&2
            usage >&2
            exit 2
            ;;
        esac
        shift
    done
    [ ${#parts[@]} -gt 0 ] || parts=(setup rust release stats dvc e2e mlflow kubeflow modeldb jenkins actions act fuzz)
    if [ "$with_bench" = 1 ] && ! selected bench; then
        parts+=(bench)
    fi
}

# Runs one part and notes how it went. Not called in a condition, since bash then ignores `set -e` inside.
run_part() {
    local part=$1 started=$SECONDS status=0 binary
    printf '\n== %s ==\n' "$part"
    set +e
    (
        set -e
        case $part in
        dvc | e2e | mlflow | kubeflow | modeldb | jenkins | act | bench)
            binary=$(binary_for_tests)
            export PROOFMARK_BIN="$binary"
            ;;
        esac
        case $part in
        jenkins)
            binary=$(fake jenkins)
            export PROOFMARK_FAKE_JENKINS="$binary"
            ;;
        kubeflow)
            binary=$(fake kubeflow)
            export PROOFMARK_FAKE_KUBEFLOW="$binary"
            ;;
        modeldb)
            binary=$(fake modeldb)
            export PROOFMARK_FAKE_MODELDB="$binary"
            ;;
        act)
            binary=$(fake github)
            export PROOFMARK_FAKE_GITHUB="$binary"
            ;;
        bench)
            binary=$(fake github)
            export PROOFMARK_FAKE_GITHUB="$binary"
            # What it does must not be what is measured.
            binary=$(fake kubeflow release)
            export PROOFMARK_FAKE_KUBEFLOW="$binary"
            ;;
        esac
        "part_$part"
    ) </dev/null
    status=$?
    set -e
    results+=("$part $([ "$status" = 0 ] && printf passed || printf FAILED) $((SECONDS - started))")
    if [ "$status" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

closing_table() {
    local line
    printf '\n%-10s %-8s %8s\n' part result seconds
    for line in "${results[@]}"; do
        # shellcheck disable=SC2086 # three words
        printf '%-10s %-8s %8s\n' $line
    done
    printf '\nparts: %d passed, %d failed\n' "$passed" "$failed"
}

if [ -n "$given_binary" ] && [ ! -x "$given_binary" ]; then
    printf 'PROOFMARK_BIN names %s, which cannot be run\n' "$given_binary" >&2
    exit 2
fi
passed=0
failed=0
results=()
read_arguments "$@"
for part in "${parts[@]}"; do
    run_part "$part"
done
closing_table
[ "$failed" = 0 ]
