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

# measure BEFORE AFTER: both take turns, so that a busy minute hits both; each keeps its best. The bars that every machine must
# keep are those of the tests, and here only the difference counts.
measure() {
    local round side binary
    for round in 1 2 3; do
        for side in before after; do
            binary=$1
            [ "$side" = before ] || binary=$2
            python3 tests/bench/compare_with_dvc.py --binary "$binary" --dvc /nowhere/dvc --runs 11 --json "$work/$side-$round.json" || true
            [ -s "$work/$side-$round.json" ]
        done
    done
}

# best FILES: the smallest of each figure.
best() {
    python3 -c '
import json, sys
rounds = [json.load(open(name)) for name in sys.argv[1:]]
print(json.dumps({case: {name: min(one[case][name] for one in rounds) for name in figures} for case, figures in rounds[0].items()}, indent=2))
' "$@"
}

commit() {
    git -C "$figures" add -A
    git -C "$figures" -c user.name=bench -c user.email=bench@localhost commit --quiet --message "$1"
}

git worktree add --detach "$before" HEAD^1
cargo build --release --locked --manifest-path "$before/Cargo.toml" --target-dir target/before-build
cargo build --release --locked --target-dir target

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measure "$root/target/before-build/release/proofmark" "$root/target/release/proofmark"

git init --quiet --initial-branch=main "$figures"
# The base's policy counts, here as anywhere; before there was one, this one.
cp "$before/.github/bench/proofmark.toml" "$figures/proofmark.toml" 2>/dev/null || cp .github/bench/proofmark.toml "$figures/proofmark.toml"
best "$work"/before-*.json >"$figures/metrics.json"
commit "Before"
cp .github/bench/proofmark.toml "$figures/proofmark.toml"
best "$work"/after-*.json >"$figures/metrics.json"
commit "After"
git worktree remove --force "$before"
