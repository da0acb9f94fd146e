#!/usr/bin/env bash
# Installs what is missing to build (`setup.sh build`) or to build and test (`setup.sh test`) Skep.
# A second run finds everything in place and takes about a second.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

mkdir -p "$SKEP_TOOLS/bin"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

locked_version() { # crate name -> its version in Cargo.lock
  awk -v name="$1" '$0 == "name = \"" name "\"" { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock
}

# ── the system's packages ────────────────────────────────────────────────────────────────────────
missing=()

# need PROBE PACKAGE...: notes Debian's packages when there is no such command or file (a glob is fine).
need() {
  command -v "$1" >/dev/null 2>&1 || compgen -G "$1" >/dev/null || missing+=("${@:2}")
}

# Installs all that was noted, in one go.
install_missing() {
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    die "programs are missing; install them with your package manager (Debian calls them: ${missing[*]})"
  [ "$(id -u)" = 0 ] || die "programs are missing; run this and try again: sudo apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >"$SKEP_TOOLS/apt.log" 2>&1 || die "apt-get could not install them: see $SKEP_TOOLS/apt.log"
  missing=()
}

# ── the WASM target ──────────────────────────────────────────────────────────────────────────────
wasm_is_there() {
  compgen -G "$(rustc --print target-libdir --target wasm32-unknown-unknown)/libstd-*.rlib" >/dev/null
}

# The ordinary way is one rustup call. Where rustup cannot reach its server, Debian's Rust is taken,
# and the standard library is compiled for WASM from Debian's own sources.
wasm_target() {
  if wasm_is_there; then return; fi
  if command -v rustup >/dev/null 2>&1; then
    say "adding the WASM target"
    rustup target add wasm32-unknown-unknown >"$SKEP_TOOLS/rustup.log" 2>&1 && return
    say "rustup could not add it; falling back to Debian's Rust"
  fi
  need /usr/bin/rustc rustc-web
  need /usr/bin/cargo cargo-web
  need /usr/bin/rustfmt rustfmt-web
  need /usr/bin/clippy-driver rust-web-clippy
  need /usr/share/doc/rust-web-src rust-web-src
  need /usr/lib/llvm-22/bin/lld lld-22
  install_missing
  debian_wasm_std
  if command -v rustup >/dev/null 2>&1; then rustup toolchain link debian /usr; fi
  touch "$SKEP_TOOLS/use-debian-rust"
  . scripts/env.sh
  wasm_is_there || die "rustc still has no WASM target; delete $SKEP_TOOLS/use-debian-rust and try again"
}

debian_wasm_std() {
  local lib=/usr/lib/rustlib/wasm32-unknown-unknown/lib host work
  compgen -G "$lib/libstd-*.rlib" >/dev/null && return
  [ -w /usr/lib/rustlib ] || die "the WASM target has to be put into /usr/lib/rustlib: run scripts/setup.sh once as root"
  say "compiling the standard library for WASM (under a minute)"
  host="$(/usr/bin/rustc -vV | sed -n 's/^host: //p')"
  work="$(mktemp -d)"
  mkdir -p "$work/src" "/usr/lib/rustlib/$host/bin" "$lib"
  ln -sf /usr/lib/llvm-22/bin/lld "/usr/lib/rustlib/$host/bin/rust-lld"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n' >"$work/Cargo.toml"
  echo '#![no_std]' >"$work/src/lib.rs"
  # Without embedded bitcode a later `lto = true` fails.
  (cd "$work" && env -u RUSTUP_TOOLCHAIN PATH="/usr/bin:$PATH" RUSTFLAGS=-Cembed-bitcode=yes RUSTC_BOOTSTRAP=1 \
    CARGO_TARGET_DIR="$work/target" /usr/bin/cargo build --release \
    -Z build-std=std,panic_abort,panic_unwind,proc_macro,test --target wasm32-unknown-unknown) \
    >"$SKEP_TOOLS/wasm-std.log" 2>&1 || die "that failed: see $SKEP_TOOLS/wasm-std.log"
  find "$work/target/wasm32-unknown-unknown/release/deps" -name '*.rlib' ! -name 'libempty*' -exec cp {} "$lib/" \;
  rm -rf "$work"
}

# ── tools from crates.io and npm ─────────────────────────────────────────────────────────────────
# cargo_tool CRATE VERSION [cargo install flags]: builds a tool lightly optimised; the tools' own release
# profiles take three times as long, for programs that run for seconds.
cargo_tool() {
  local crate="$1" version="$2"; shift 2
  [ -n "$version" ] || die "Cargo.lock names no version of $crate's library: is it complete?"
  grep -qsF "\"$crate $version " "$SKEP_TOOLS/.crates.toml" && return
  say "building $crate $version (some minutes, once)"
  # Outside the work tree, so that its settings do not apply to the tool.
  (cd "$SKEP_TOOLS" && CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install --quiet --root "$SKEP_TOOLS" --version "$version" "$crate" "$@") ||
    die "could not build $crate; the lines above say why"
}

# npm_tool BINARY PACKAGE VERSION
npm_tool() {
  local folder="$SKEP_TOOLS/npm/node_modules"
  if [ -x "$SKEP_TOOLS/bin/$1" ] && grep -qsF "\"version\": \"$3\"" "$folder/$2/package.json"; then return; fi
  say "installing $2 $3"
  mkdir -p "$SKEP_TOOLS/npm"
  npm install --silent --no-audit --no-fund --prefix "$SKEP_TOOLS/npm" "$2@$3" >/dev/null || die "npm could not install $2"
  ln -sf "$folder/.bin/$1" "$SKEP_TOOLS/bin/$1"
}

# python_tool PACKAGE VERSION: in an environment of its own.
python_tool() {
  local folder="$SKEP_TOOLS/$1"
  if [ -e "$folder/version-$2" ]; then return; fi
  say "installing $1 $2"
  { python3 -m venv --clear "$folder" && "$folder/bin/pip" install --quiet "$1==$2"; } >"$SKEP_TOOLS/$1.log" 2>&1 ||
    die "pip could not install $1: see $SKEP_TOOLS/$1.log"
  touch "$folder/version-$2"
}

playwright() {
  # npm writes this file at the end of every installation.
  local installed=end2end/node_modules/.package-lock.json
  if [ -e "$installed" ] && [ ! end2end/package-lock.json -nt "$installed" ]; then return; fi
  say "installing Playwright"
  npm ci --silent --no-audit --no-fund --prefix end2end >/dev/null || die "npm could not install Playwright"
  touch "$installed"
}

build_tools() {
  command -v cargo >/dev/null 2>&1 || die "Rust is missing: install it from https://rustup.rs and try again"
  install_missing
  wasm_target
  # Debian 12's own Node.js is older than what the tools ask for; npm carries a current one.
  if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then npm_tool node node 22.23.3; fi
  # Debian's own binaryen silently breaks the module; npm's is current.
  npm_tool wasm-opt binaryen 132.0.0
  cargo_tool wasm-bindgen-cli "$(locked_version wasm-bindgen)"
  cargo_tool cargo-leptos 0.3.11 --locked --ignore-rust-version --features no_downloads
}

test_tools() {
  cargo_tool cargo-deny 0.20.2 --locked
  cargo_tool cargo-fuzz 0.13.2 --locked
  python_tool schemathesis 4.32.5
  playwright
}

need cc gcc libc6-dev
need curl curl
need node nodejs
need npm npm

case "${1:-build}" in
  build) build_tools ;;
  test)
    need /usr/bin/chromium chromium
    command -v initdb >/dev/null 2>&1 || need '/usr/lib/postgresql/*/bin/initdb' postgresql
    need nmap nmap
    need setpriv util-linux
    need ssh openssh-client
    need sshpass sshpass
    need telnet inetutils-telnet
    need wget wget
    need openssl openssl
    need lftp lftp
    need tnftp tnftp
    need hydra hydra
    need swaks swaks
    need skopeo skopeo
    need docker docker.io
    need dockerd docker.io
    need iptables iptables
    need nft nftables
    need ip iproute2
    need debootstrap debootstrap
    need /usr/lib/python3/dist-packages/zmq python3-zmq
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
    build_tools
    test_tools
    ;;
  *) die "usage: setup.sh build|test" ;;
esac
