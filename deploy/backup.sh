#!/bin/sh
# Dumps the database into FOLDER/table-assignment-<UTC time>.dump, with its checksum beside it.
#   PGHOST=... PGUSER=... PGDATABASE=table_assignment [BACKUP_RECIPIENT=age1...] deploy/backup.sh FOLDER
# Connects as libpq's own variables say (password: PGPASSFILE), so that no secret is on a command line.
# Ask the server itself, not a pooler. The dump holds guests' data: with BACKUP_RECIPIENT, a public key of age, it is
# encrypted before it touches the disk (.dump.age); without, keep FOLDER encrypted.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
folder=$1
[ -d "$folder" ] || { echo "$folder is no folder; make it, readable by this account only" >&2; exit 2; }
umask 077

name=table-assignment-$(date -u +%Y%m%dT%H%M%SZ).dump
[ -z "${BACKUP_RECIPIENT:-}" ] || name=$name.age
unfinished=$folder/.$name.unfinished
failed=$unfinished.failed
trap 'rm -f "$unfinished" "$failed"' EXIT
dump() { pg_dump --format=custom --no-owner --no-privileges; }
if [ -n "${BACKUP_RECIPIENT:-}" ]; then
  command -v age >/dev/null || { echo "age is missing; install it: apt-get install age" >&2; exit 2; }
  # A pipe ends as its last command does, so a dump that failed leaves a mark.
  { dump || : >"$failed"; } | age --encrypt --recipient "$BACKUP_RECIPIENT" --output "$unfinished"
  [ ! -e "$failed" ] || exit 1
else
  dump >"$unfinished"
  # Read once more, so that a dump that cannot be listed is no backup.
  pg_restore --list "$unfinished" >/dev/null
fi
mv "$unfinished" "$folder/$name"
(cd "$folder" && sha256sum "$name" >"$name.sha256")
echo "$folder/$name"
