#!/usr/bin/env bash
# Publishes the archives in FOLDER: `publish.sh FOLDER`, in the release workflow, with a token for gh.
set -euo pipefail

folder=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$(.github/release/version.sh)
tag=v$version
list=.github/action/checksums.txt

if gh release view "$tag" >/dev/null 2>&1; then
    printf 'the release %s is out already, and releases do not change\n' "$tag" >&2
    exit 1
fi
sort "$folder"/*.checksum >>"$list"

# The credentials of this push alone; the checkout keeps none.
git config user.name 'github-actions[bot]'
git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
git switch --create "release-$tag"
git commit --quiet --message "List the archives of $tag" "$list"
git tag --annotate --message "proofmark $version" "$tag"
# shellcheck disable=SC2016 # git's shell reads the variable
helper='!f() { echo username=x-access-token; echo "password=$GH_TOKEN"; }; f'
git -c "credential.helper=$helper" push --atomic origin "release-$tag" "$tag"

gh release create "$tag" "$folder"/*.tar.gz --verify-tag --title "proofmark $version" --notes-file CHANGELOG.md
gh pr create --base main --head "release-$tag" --title "List the archives of $tag" \
    --body "The hashes of the released archives, and next the version that comes after $version."
