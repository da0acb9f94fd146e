#!/usr/bin/env bash
# engine.sh COMMAND...: runs a command while a container engine of its own is there for it, as DOCKER_HOST says.
# Both live in a network namespace of their own: bridges, rules and ports are nobody else's, and gone afterwards.
# An engine that dies is started again; SKEP_TEST_ENGINE_PID names the file with its process id.
set -euo pipefail

die() { echo "engine.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "a container engine needs root"
for program in dockerd nft ip iptables nsenter; do
  command -v "$program" >/dev/null || die "$program is missing: scripts/setup.sh test installs it"
done

if [ -z "${SKEP_ENGINE_FOLDER:-}" ]; then
  folder="$(mktemp -d /tmp/skep-engine.XXXXXX)"
  space="${folder##*/}"
  clean() {
    # What an engine that was killed has left: a keeper for each container, and the container in it.
    for keeper in $(pgrep -f -- "-address $folder/run/" || true); do
      pkill -KILL -P "$keeper" || true
      kill -KILL "$keeper" 2>/dev/null || true
    done
    ip netns delete "$space" 2>/dev/null || true
    rm -rf "$folder"
  }
  trap clean EXIT
  trap 'exit 130' INT TERM HUP
  # Whoever is in the group of the engine's socket gets to it, and sees nothing else.
  chmod 711 "$folder"
  ip netns add "$space"
  # Not `ip netns exec`, which would hide the control groups behind a /sys of its own.
  SKEP_ENGINE_FOLDER="$folder" nsenter --net="/run/netns/$space" unshare --mount "$0" "$@"
  exit
fi

folder="$SKEP_ENGINE_FOLDER"
ip link set lo up
export DOCKER_HOST="unix://$folder/socket" SKEP_TEST_ENGINE_PID="$folder/pid"

keep_engine() {
  while [ ! -e "$folder/stop" ]; do
    dockerd --data-root "$folder/data" --exec-root "$folder/run" --pidfile "$SKEP_TEST_ENGINE_PID" \
      --host "$DOCKER_HOST" --bridge none >>"$folder/log" 2>&1 || true
    # The next one would wait 15 seconds for the other half of one that was killed.
    if [ -e "$folder/run/containerd/containerd.pid" ]; then
      kill -9 "$(cat "$folder/run/containerd/containerd.pid")" 2>/dev/null || true
    fi
    rm -f "$folder/run/containerd/"*.pid "$folder/run/containerd/"*.sock*
    sleep 0.2
  done
}
answers() { curl -fs --unix-socket "$folder/socket" http://engine/_ping >/dev/null 2>&1; }

stop() {
  touch "$folder/stop"
  # It stops its containers, and what mounts they had.
  if [ -e "$SKEP_TEST_ENGINE_PID" ]; then kill "$(cat "$SKEP_TEST_ENGINE_PID")" 2>/dev/null || true; fi
  wait "$keeper" 2>/dev/null || true
}
keep_engine &
keeper=$!
trap stop EXIT
trap 'exit 130' INT TERM HUP

for _ in $(seq 150); do
  if answers; then break; fi
  sleep 0.2
done
answers || { tail -n 20 "$folder/log" >&2; die "the engine did not start; its own words are above"; }

"$@"
