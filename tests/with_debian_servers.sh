#!/usr/bin/env bash
# Runs a command against Debian's own PostgreSQL and Redis over TCP on loopback, in throw-away
# folders, and stops both whatever happens:  tests/with_debian_servers.sh .venv/bin/python -m pytest
set -euo pipefail

binaries=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$binaries" ] || ! command -v redis-server >/dev/null; then
    echo "Debian's servers are missing; install them: apt-get install postgresql redis-server" >&2
    exit 2
fi

folder=$(mktemp -d)
chmod 755 "$folder"
as_owner=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
    as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres "$folder"
fi
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
postgres_port=$(free_port)
redis_port=$(free_port)
redis_pid=

stop() {
    [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null || true
    "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT

"${as_owner[@]}" "$binaries/initdb" -D "$folder/data" -U tester --auth=trust -E UTF8 --locale=C >/dev/null
"${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -w -l "$folder/postgres.log" start >/dev/null \
    -o "-h 127.0.0.1 -p $postgres_port -k '' -c fsync=off -c max_connections=200"
"$binaries/createdb" -h 127.0.0.1 -p "$postgres_port" -U tester table_assignment
redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$folder" \
    --daemonize no >/dev/null 2>&1 &
redis_pid=$!

export DATABASE_URL="postgres://tester@127.0.0.1:$postgres_port/table_assignment"
export REDIS_URL="redis://127.0.0.1:$redis_port/0"
echo "PostgreSQL $("$binaries/postgres" --version | cut -d' ' -f3), Redis $(redis-server --version | cut -d' ' -f3)"
"$@"
