#!/usr/bin/env bash
# Puts proofmark in place for action.yml and writes its path to the output `binary`.
#
#   1. PROOFMARK_BIN, when it is set: taken as it is.
#   2. A released archive listed in checksums.txt: from the tool cache, or downloaded and verified before it is opened.
#   3. Otherwise, when the version asked for is this source's own: cargo builds it from here.
#
# What does not have the listed hash is an error and never a reason to try the next way. Runs on the bash of every hosted
# runner, from 3.2 (macOS) to Git's (Windows). Exit codes as proofmark's: 2 for a mistake in the set-up, 3 for the outside.
# shellcheck disable=SC2016 # backticks in messages are quotation marks
set -euo pipefail
export LC_ALL=C

MOST_BYTES=67108864
# Another place with the same archives, such as a mirror behind a wall: the hashes make any place good.
RELEASES=${PROOFMARK_RELEASES:-}
REPOSITORY=
WORK=
# What is built or unpacked here has no business with the token.
TOKEN=${GH_TOKEN:-}
unset GH_TOKEN

main() {
    local source version target row
    source=$(unix_path "${GITHUB_ACTION_PATH:?is not set: run this from action.yml}")
    if [ -n "${PROOFMARK_BIN:-}" ]; then
        if [ ! -f "$PROOFMARK_BIN" ] || [ ! -x "$PROOFMARK_BIN" ]; then
            fail 2 "PROOFMARK_BIN names \`$PROOFMARK_BIN\`, which cannot be run"
        fi
        finish "$PROOFMARK_BIN"
        return
    fi
    WORK=$(mktemp -d "$(unix_path "${RUNNER_TEMP:-${TMPDIR:-/tmp}}")/proofmark-install.XXXXXX")
    trap 'rm -rf "$WORK"' EXIT
    version=$(wanted_version "$source")
    target=$(target)
    row=$(listed "$source/.github/action/checksums.txt" "$version" "$target")
    REPOSITORY=$(repository)
    if [ -n "$row" ] && [ -n "$REPOSITORY$RELEASES" ]; then
        # shellcheck disable=SC2086 # two hashes
        from_release "$version" "$target" $row
    elif [ "$version" = "$(own_version "$source")" ]; then
        from_source "$source" "$target"
    else
        fail 2 "version $version is not known for ${target:-this machine}: use the action at that version, or leave \`version\` out"
    fi
}

wanted_version() {
    local version=${PROOFMARK_INPUT_VERSION:-}
    version=${version#v}
    [ -n "$version" ] || version=$(own_version "$1")
    case $version in
    '' | *[!0-9A-Za-z.+-]* | .* | *..*) fail 2 'the input `version` is no version: write it as 1.2.3' ;;
    esac
    printf '%s\n' "$version"
}

# The first version in Cargo.toml is the workspace's.
own_version() { sed -n 's/^version = "\([^"]*\)".*/\1/p' "$1/Cargo.toml" | head -n 1; }

# Empty where nothing is released for this machine.
target() {
    case ${RUNNER_OS:-}/${RUNNER_ARCH:-} in
    Linux/X64) echo x86_64-unknown-linux-musl ;;
    Linux/ARM64) echo aarch64-unknown-linux-musl ;;
    macOS/X64) echo x86_64-apple-darwin ;;
    macOS/ARM64) echo aarch64-apple-darwin ;;
    Windows/X64) echo x86_64-pc-windows-msvc ;;
    esac
}

# listed FILE VERSION TARGET: the two hashes, or nothing.
listed() {
    local version target archive binary rest
    [ -n "$3" ] || return 0
    while read -r version target archive binary rest || [ -n "$version" ]; do
        [ "$version $target" = "$2 $3" ] || continue
        if ! is_hash "$archive" || ! is_hash "$binary" || [ -n "$rest" ]; then
            fail 2 "checksums.txt: the line of $version $target is broken"
        fi
        printf '%s %s\n' "$archive" "$binary"
        return
    done < <(tr -d '\r' <"$1")
}

is_hash() {
    case $1 in
    *[!0-9a-f]*) return 1 ;;
    esac
    [ ${#1} = 64 ]
}

# from_release VERSION TARGET ARCHIVE_HASH BINARY_HASH
from_release() {
    local version=$1 target=$2 archive_hash=$3 binary_hash=$4 name=proofmark cached archive
    case $target in
    *windows*) name=proofmark.exe ;;
    esac
    cached=$(unix_path "${RUNNER_TOOL_CACHE:-$WORK/cache}")/proofmark/$version/$target
    if [ -e "$cached/$name" ]; then
        # The cache may be shared with other jobs, so that it is not believed either.
        if [ "$(hash_of "$cached/$name")" = "$binary_hash" ]; then
            finish "$cached/$name"
            return
        fi
        tell warning "the tool cache held another file than proofmark $version; it is replaced"
        rm -rf "$cached"
    fi
    archive=$WORK/archive.tar.gz
    download "v$version/proofmark-$version-$target.tar.gz" "$archive"
    same_hash "$archive" "$archive_hash" "the archive of proofmark $version for $target"
    verify_attestation "$archive"
    # One member by its name and to standard output: no path in the archive is followed.
    tar -xzOf "$archive" "proofmark-$version-$target/$name" | head -c "$MOST_BYTES" >"$WORK/$name" ||
        fail 3 "the archive of proofmark $version for $target cannot be unpacked"
    same_hash "$WORK/$name" "$binary_hash" "the binary of proofmark $version for $target"
    chmod 755 "$WORK/$name"
    mkdir -p "$cached"
    # Whole or not at all, also when two jobs share the cache.
    mv "$WORK/$name" "$cached/.$name.$$"
    mv -f "$cached/.$name.$$" "$cached/$name"
    [ -n "${RUNNER_TOOL_CACHE:-}" ] || trap - EXIT
    finish "$cached/$name"
}

# OWNER/NAME that this action was taken from; empty for `uses: ./`. The runner does not promise the variables, but it lays
# actions into _actions/OWNER/NAME/REF.
repository() {
    local name=${PROOFMARK_ACTION_REPOSITORY:-${GITHUB_ACTION_REPOSITORY:-}} path=${GITHUB_ACTION_PATH//\\//} owner
    if [ -z "$name" ] && [ "$path" != "${path##*/_actions/}" ]; then
        path=${path##*/_actions/}
        owner=${path%%/*}
        path=${path#*/}
        name=$owner/${path%%/*}
    fi
    case $name in
    *[!0-9A-Za-z._/-]* | */*/* | /* | */ | *..*) fail 2 "the action's repository \`$name\` is no OWNER/NAME" ;;
    '' | */*) ;;
    *) fail 2 "the action's repository \`$name\` is no OWNER/NAME" ;;
    esac
    printf '%s\n' "$name"
}

# download PATH FILE. Proxies come from the usual variables, which curl reads.
download() {
    local base=${RELEASES:-https://github.com/$REPOSITORY/releases/download} status=0
    # -q: no .curlrc of whoever had this machine before.
    local options=(-q --fail --silent --show-error --location --proto '=https' --proto-redir '=https' --tlsv1.2 --max-redirs 5
        --max-filesize "$MOST_BYTES" --connect-timeout 20 --max-time 300 --retry 3)
    command -v curl >/dev/null 2>&1 || fail 2 'curl is missing on this runner'
    if [ -n "${PROOFMARK_INPUT_CA_FILE:-}" ]; then
        authorities "$(unix_path "$PROOFMARK_INPUT_CA_FILE")" >"$WORK/authorities.pem" || fail 2 'the input `ca-file` cannot be read'
        options+=(--cacert "$WORK/authorities.pem")
    fi
    curl "${options[@]}" --output "$2" -- "${base%/}/$1" || status=$?
    [ "$status" = 0 ] || fail 3 "${base%/}/$1 cannot be downloaded (curl's code $status); PROOFMARK_BIN may name a binary that is here"
    [ "$(wc -c <"$2")" -le "$MOST_BYTES" ] || fail 3 "${base%/}/$1 is larger than $MOST_BYTES bytes"
}

# The system's authorities and those of FILE: curl's option would replace the system's.
authorities() {
    local bundle
    for bundle in "${CURL_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
        /etc/ssl/cert.pem /mingw64/etc/ssl/certs/ca-bundle.crt; do
        if [ -n "$bundle" ] && [ -r "$bundle" ]; then
            cat "$bundle"
            echo
            break
        fi
    done
    cat "$1"
}

same_hash() {
    local found
    found=$(hash_of "$1")
    [ "$found" = "$2" ] || fail 3 "$3 does not have the SHA-256 that this action lists: $2 is listed, $found was found"
}

hash_of() {
    local line
    if command -v sha256sum >/dev/null 2>&1; then
        line=$(sha256sum <"$1")
    elif command -v shasum >/dev/null 2>&1; then
        line=$(shasum -a 256 <"$1")
    elif command -v certutil >/dev/null 2>&1; then
        line=$(certutil -hashfile "$(cygpath -w "$1")" SHA256 | sed -n 2p | tr -d ' \r' | tr 'A-F' 'a-f')
    else
        fail 2 'nothing here computes SHA-256: sha256sum, shasum and certutil are missing'
    fi
    line=${line%% *}
    is_hash "$line" || fail 2 'the SHA-256 of a file could not be computed'
    printf '%s\n' "$line"
}

# Who built it, as GitHub attests; an extra on top of the hash.
verify_attestation() {
    [ "${PROOFMARK_INPUT_VERIFY_ATTESTATION:-false}" = true ] || return 0
    command -v gh >/dev/null 2>&1 || fail 2 'the input `verify-attestation` needs gh, which is missing on this runner'
    [ -n "$REPOSITORY" ] || fail 2 'the input `verify-attestation` needs an action that is used by its repository'
    GH_TOKEN=$TOKEN gh attestation verify "$1" --repo "$REPOSITORY" --signer-workflow "$REPOSITORY/.github/workflows/release.yml" ||
        fail 3 'the attestation of the archive could not be verified'
}

# from_source SOURCE TARGET: in the action's own folder, where no configuration of the checked out repository is read.
from_source() {
    local folder name=proofmark
    command -v cargo >/dev/null 2>&1 || fail 2 "no release of this version exists for ${2:-this machine}, and cargo is missing to build it: \
install Rust in a step before, or use the action at a released version"
    case ${RUNNER_OS:-} in
    Windows) name=proofmark.exe ;;
    esac
    if [ -n "${CARGO_TARGET_DIR:-}" ]; then
        # Cargo takes it from where the job's steps are.
        folder=$(absolute "$(unix_path "$CARGO_TARGET_DIR")")
    elif [ -n "${PROOFMARK_CACHE:-}" ]; then
        folder=$(absolute "$(unix_path "$PROOFMARK_CACHE")")/target
    else
        folder=$(unix_path "${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:-$1/target}}")/proofmark/source
    fi
    echo '::group::Build proofmark from source'
    (cd "$1" && CARGO_TARGET_DIR=$folder cargo build --release --locked --package proofmark) >&2 || fail 3 'proofmark cannot be built from source'
    echo '::endgroup::'
    [ -x "$folder/release/$name" ] || fail 3 "cargo left no \`$folder/release/$name\`; does a configuration of cargo name another target?"
    finish "$folder/release/$name"
}

absolute() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
    esac
}

# Git's bash on Windows has paths of its own, which tar and mkdir want.
unix_path() {
    if command -v cygpath >/dev/null 2>&1; then cygpath -u "$1"; else printf '%s\n' "$1"; fi
}

# finish PATH: the output, in a form that later steps with another shell understand too.
finish() {
    local path=$1
    if command -v cygpath >/dev/null 2>&1; then path=$(cygpath -m "$path"); fi
    case $path in
    *$'\n'* | *$'\r'*) fail 2 'the path of proofmark has a line break' ;;
    esac
    printf 'binary=%s\n' "$path" >>"${GITHUB_OUTPUT:?is not set: run this from action.yml}"
}

tell() {
    local text=$2
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '::%s title=proofmark::%s\n' "$1" "$text" >&2
}

fail() {
    tell error "$2"
    exit "$1"
}

main
