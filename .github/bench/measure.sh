#!/usr/bin/env bash
# Measures the commit before this one and this one, and leaves the figures as two commits of a repository of their own:
# `measure.sh FOLDER`. There proofmark compares them as it compares any two commits.
#
# The first parent is the base of a pull request's merge commit, the queue's base, and what a push came after.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$1"
figures=$(cd "$1" && pwd)
before=$root/target/before
cd "$root"

# The bars that every machine must keep are those of the tests; here counts the difference.
measure() {
    rm -f "$figures/metrics.json"
    python3 tests/bench/compare_with_dvc.py --binary "$1" --dvc /nowhere/dvc --runs 31 --json "$figures/metrics.json" || true
    [ -s "$figures/metrics.json" ]
}

commit() {
    git -C "$figures" add -A
    git -C "$figures" -c user.name=bench -c user.email=bench@localhost commit --quiet --message "$1"
}

git worktree add --detach "$before" HEAD^1
cargo build --release --locked --manifest-path "$before/Cargo.toml" --target-dir target/before-build
cargo build --release --locked --target-dir target

git init --quiet --initial-branch=main "$figures"
# The base's policy counts, here as anywhere; before there was one, this one.
cp "$before/.github/bench/proofmark.toml" "$figures/proofmark.toml" 2>/dev/null || cp .github/bench/proofmark.toml "$figures/proofmark.toml"
measure "$PWD/target/before-build/release/proofmark"
commit "Before"
cp .github/bench/proofmark.toml "$figures/proofmark.toml"
measure "$PWD/target/release/proofmark"
commit "After"
git worktree remove --force "$before"
