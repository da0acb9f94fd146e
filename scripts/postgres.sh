#!/usr/bin/env bash
# postgres.sh COMMAND...: runs a command while a PostgreSQL of its own is there for it, as SKEP_TEST_POSTGRES
# says. The cluster is empty, durable (fsync on), reachable from this machine only, and gone afterwards.
set -euo pipefail

bin="$(dirname "$(command -v pg_ctl || compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' | sort -V | tail -n 1)")"
folder="$(mktemp -d /tmp/skep-postgres.XXXXXX)"

# PostgreSQL refuses to run as root.
unprivileged=()
if [ "$(id -u)" = 0 ]; then
  unprivileged=(setpriv --reuid nobody --regid nogroup --clear-groups)
  chown nobody:nogroup "$folder"
fi
pg() { (cd / && "${unprivileged[@]}" "$bin/$1" "${@:2}"); }

stop() {
  if [ -e "$folder/data/postmaster.pid" ]; then pg pg_ctl -D "$folder/data" -m immediate -w stop >/dev/null || true; fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Below the ports that the kernel hands out, so that nobody gets it between this look and the start.
port=$((20000 + RANDOM % 12000))
while taken "$port"; do port=$((port + 1)); done

password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')"
(umask 077; echo "$password" >"$folder/password")
if [ ${#unprivileged[@]} -gt 0 ]; then chown nobody "$folder/password"; fi

{
  pg initdb -D "$folder/data" -U skep -A scram-sha-256 --pwfile "$folder/password" -E UTF8 --locale C.UTF-8 --no-sync &&
    pg pg_ctl -D "$folder/data" -l "$folder/log" -w start \
      -o "-p $port -h 127.0.0.1 -k $folder -c max_connections=300"
} >"$folder/start" 2>&1 || {
  cat "$folder/start" "$folder/log" >&2 || true
  echo "postgres.sh: PostgreSQL did not start; its own words are above" >&2
  exit 1
}

SKEP_TEST_POSTGRES="postgres://skep:$password@127.0.0.1:$port/postgres" "$@"
