#!/bin/sh
# Unpacks proofmark from an archive or a mirror and prints the path of the binary. Everything comes in variables:
# PROOFMARK_ARCHIVE or PROOFMARK_MIRROR with PROOFMARK_VERSION, PROOFMARK_SHA256, PROOFMARK_CACHE_FOLDER.
set -eu

fail() {
    printf 'proofmark: %s\n' "$*" >&2
    exit 1
}

hash_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum <"$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    elif command -v openssl >/dev/null 2>&1; then
        openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
    else
        fail 'nothing on this agent computes SHA-256: sha256sum, shasum and openssl are missing'
    fi
}

target() {
    case $(uname -s)/$(uname -m) in
    Linux/x86_64 | Linux/amd64) echo x86_64-unknown-linux-musl ;;
    Linux/aarch64 | Linux/arm64) echo aarch64-unknown-linux-musl ;;
    Darwin/x86_64) echo x86_64-apple-darwin ;;
    Darwin/arm64) echo aarch64-apple-darwin ;;
    *) fail "nothing is released for $(uname -s) on $(uname -m): use toolHome" ;;
    esac
}

download() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$2" -- "$1"
    elif command -v wget >/dev/null 2>&1; then
        wget --quiet --tries=3 --timeout=60 --output-document="$2" -- "$1"
    else
        fail 'neither curl nor wget is on this agent: use archive'
    fi
}

same() { [ "$(hash_of "$1")" = "$PROOFMARK_SHA256" ]; }

cache=${PROOFMARK_CACHE_FOLDER:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/proofmark/jenkins}
place=$cache/$PROOFMARK_SHA256
kept=$place/archive.tar.gz
mkdir -p "$place"
# Beside the place that it will have, so that it can be moved there whole: other builds use the same cache.
work=$(mktemp -d "$place/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What is kept may have been changed by anybody who uses this agent.
if [ -f "$kept" ] && ! same "$kept"; then
    printf 'proofmark: the cache held another archive, which is replaced\n' >&2
    rm -f "$kept"
fi
if [ ! -f "$kept" ]; then
    if [ -n "$PROOFMARK_ARCHIVE" ]; then
        cp -- "$PROOFMARK_ARCHIVE" "$work/archive.tar.gz" || fail "the archive $PROOFMARK_ARCHIVE cannot be read"
    else
        address=${PROOFMARK_MIRROR%/}/v$PROOFMARK_VERSION/proofmark-$PROOFMARK_VERSION-$(target).tar.gz
        download "$address" "$work/archive.tar.gz" || fail "$address cannot be downloaded"
    fi
    found=$(hash_of "$work/archive.tar.gz")
    [ "$found" = "$PROOFMARK_SHA256" ] || fail "the archive has the SHA-256 $found, and $PROOFMARK_SHA256 is asked for; nothing of it was run"
    mv -f "$work/archive.tar.gz" "$kept"
fi

# A copy of one's own, and once more: another build may change what is kept at any moment.
cp -- "$kept" "$work/own.tar.gz"
same "$work/own.tar.gz" || fail 'the archive in the cache has just been changed'
member=$(tar -tzf "$work/own.tar.gz" | grep -E '^(\./)?[^/]+/proofmark$' | head -n 1) || true
[ -n "$member" ] || fail 'the archive holds no proofmark'
# One member by its name and to standard output: no path in the archive is followed.
tar -xzOf "$work/own.tar.gz" "$member" >"$work/proofmark"
chmod 755 "$work/proofmark"
if ! cmp -s "$work/proofmark" "$place/proofmark"; then
    mv -f "$work/proofmark" "$place/proofmark"
fi
printf '%s\n' "$place/proofmark"
