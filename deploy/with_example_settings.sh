#!/bin/sh
# Runs a command under deploy/production.env.example and a key made for this run. For commands that ask no
# server: the deployment check, collectstatic, a look at gunicorn's configuration.
set -eu
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT]..." >&2; exit 2; }

set -a
. "$(dirname "$0")/production.env.example"
SECRET_KEY=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
set +a
exec "$@"
