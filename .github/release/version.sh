#!/usr/bin/env bash
# Prints the version of the workspace, as .github/action/install.sh reads it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
sed -n 's/^version = "\([^"]*\)".*/\1/p' Cargo.toml | head -n 1
