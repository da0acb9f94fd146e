#!/usr/bin/env bash
# upstream.sh: honeypots of others, as PyPI has them, in containers of ours, attacked and read back by the API.
#
# Their images are made by the recipes in docs/honeypots/, which build upon an image of Docker Hub's. So that a machine
# that reaches only package registries can do this, too, a stand-in for it is made of the same Debian: with the packages
# that the recipes install, because beside the engine there is no way to a registry.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

standin=python:3.11-slim-bookworm
folder="$SKEP_TOOLS/upstream"
die() { echo "upstream.sh: $*" >&2; exit 1; }

# What the recipes name: `cowrie==3.1.4`.
packages="$(sed -n 's/^RUN pip install.* \([a-z]*==[0-9.]*\).*/\1/p' docs/honeypots/*/Dockerfile | sort)"
[ -n "$packages" ] || die "no recipe installs a package"

make_standin() {
  local tree="$folder/tree"
  rm -rf "$folder"
  mkdir -p "$folder"
  debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates bookworm "$tree"
  # As this machine reaches registries, so does what runs in there.
  cp /etc/resolv.conf "$tree/etc/"
  cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
  for package in $packages; do
    env -u PIP_FIND_LINKS PIP_CERT=/etc/ssl/certs/ca-certificates.crt PATH=/usr/sbin:/usr/bin:/sbin:/bin \
      chroot "$tree" pip wheel --no-cache-dir --wheel-dir /wheels "$package"
  done
  ln -sf python3 "$tree/usr/bin/python"
  rm -rf "$tree"/usr/lib/python3*/EXTERNALLY-MANAGED "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* \
    "$tree"/usr/share/{doc,man,locale}/*
  printf '[global]\nno-index = true\nfind-links = /wheels\nroot-user-action = ignore\n' >"$tree/etc/pip.conf"
  tar --create --file "$folder/standin.tar" --directory "$tree" --numeric-owner .
  rm -rf "$tree"
  echo "$packages" >"$folder/packages"
}

if [ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ]; then
  echo "making a stand-in for $standin (some minutes, once)"
  mkdir -p "$SKEP_TOOLS"
  make_standin >"$SKEP_TOOLS/upstream.log" 2>&1 || die "it failed: see $SKEP_TOOLS/upstream.log"
fi

export SKEP_TEST_STANDIN="$folder/standin.tar" SKEP_TEST_STANDIN_NAME="$standin"
# shellcheck disable=SC2086 # a list of words
cargo build $SKEP_HOST_BUILD --bins
# shellcheck disable=SC2086
cargo test $SKEP_HOST_BUILD --features skep-server/upstream --test upstream --no-run
# shellcheck disable=SC2086
scripts/engine.sh cargo test $SKEP_HOST_BUILD --features skep-server/upstream --test upstream -- --nocapture --test-threads 1
