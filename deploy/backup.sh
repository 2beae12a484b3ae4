#!/bin/sh
# Dumps the database into FOLDER/table-assignment-<UTC time>.dump, with its checksum beside it.
#   PGHOST=... PGUSER=... PGDATABASE=table_assignment deploy/backup.sh FOLDER
# Connects as libpq's own variables say (password: PGPASSFILE), so that no secret is on a command line.
# Ask the server itself, not a pooler. The dump holds guests' data: keep FOLDER encrypted.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
folder=$1
[ -d "$folder" ] || { echo "$folder is no folder; make it, readable by this account only" >&2; exit 2; }
umask 077

name=table-assignment-$(date -u +%Y%m%dT%H%M%SZ).dump
unfinished=$folder/.$name.unfinished
trap 'rm -f "$unfinished"' EXIT
pg_dump --format=custom --no-owner --no-privileges --file="$unfinished"
# Read once more, so that a dump that cannot be listed is no backup.
pg_restore --list "$unfinished" >/dev/null
mv "$unfinished" "$folder/$name"
(cd "$folder" && sha256sum "$name" >"$name.sha256")
echo "$folder/$name"
