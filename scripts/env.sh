# Sourced by every recipe of the Makefile: where the tools are, and what is built for this machine.
SKEP_TOOLS="${SKEP_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/skep/tools}"
export SKEP_TOOLS
case ":$PATH:" in
  *":$SKEP_TOOLS/bin:"*) ;;
  *) export PATH="$SKEP_TOOLS/bin:$PATH" ;;
esac
# The fallback toolchain (see setup.sh) is used only where rustup could not add the WASM target.
if [ -e "$SKEP_TOOLS/use-debian-rust" ]; then
  export RUSTUP_TOOLCHAIN=debian
fi
# Lints and tests name the same packages and features, so that dependencies are built once for both.
# The browser's entry point is left out: in one build with the server, Cargo would join the features of both halves.
SKEP_HOST_LINT="--workspace --exclude frontend --features skep-app/ssr,skep-server/kill-points,skep-sensor/kill-points"
# The fuzz targets are linted like everything else, and built with flags of their own (fuzz.sh).
SKEP_HOST_BUILD="$SKEP_HOST_LINT --exclude skep-*-fuzz"
# The server finds what cargo-leptos built by these.
export LEPTOS_OUTPUT_NAME=skep LEPTOS_SITE_ROOT="$PWD/target/site" LEPTOS_ENV=PROD
