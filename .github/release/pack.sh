#!/usr/bin/env bash
# Packs what cargo built for TARGET: `pack.sh TARGET FOLDER` leaves in FOLDER the archive, and in TARGET.checksum its line
# for .github/action/checksums.txt.
set -euo pipefail

target=$1 folder=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$("$root/.github/release/version.sh")
built=${CARGO_TARGET_DIR:-$root/target}/$target/release
inside=proofmark-$version-$target
name=proofmark
case $target in
*windows*) name=proofmark.exe ;;
esac

sha256() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$inside"
cp "$built/$name" "$root/README.md" "$root/CHANGELOG.md" "$root/LICENSE-APACHE" "$root/LICENSE-MIT" "$work/$inside"
tar -czf "$folder/$inside.tar.gz" -C "$work" "$inside"
printf '%s %s %s %s\n' "$version" "$target" "$(sha256 "$folder/$inside.tar.gz")" "$(sha256 "$built/$name")" >"$folder/$target.checksum"
