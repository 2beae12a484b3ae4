#!/bin/sh
# Runs a command of manage.py by hand as a service would, with its settings and its rights. As root:
#   deploy/manage.sh web|worker|owner COMMAND [ARGUMENT]...
set -eu
case "${1:-}" in
  web | worker) account=table-assignment-$1 ;;
  owner) account=table-assignment ;;
  *) echo "usage: $0 web|worker|owner COMMAND [ARGUMENT]..." >&2; exit 2 ;;
esac
own=/etc/table-assignment/$1.env
# One that is set goes before that of the file: a restored database is looked at before services are.
given=${DATABASE_URL:-}
shift
cd "$(dirname "$0")/.."
# As systemd reads them, not as a shell would: an address may hold & and $.
read_settings() {
  while read -r line || [ -n "$line" ]; do
    case "$line" in [A-Za-z_]*=*) ;; *) continue ;; esac
    value=${line#*=}
    case "$value" in \"*\" | \'*\') value=${value#?} value=${value%?} ;; esac
    export "${line%%=*}=$value"
  done <"$1"
}
read_settings /etc/table-assignment/production.env
read_settings "$own"
[ -z "$given" ] || export DATABASE_URL="$given"
# Root's home is not the account's.
export HOME="$PWD"
exec setpriv --reuid="$account" --regid="$account" --clear-groups -- .venv/bin/python manage.py "$@"
