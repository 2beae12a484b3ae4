#!/bin/sh
# Restores a dump of backup.sh into an empty database, all or nothing.
#   PGHOST=... PGUSER=... PGDATABASE=table_assignment_restored [BACKUP_IDENTITY=KEY] deploy/restore.sh FILE
# An encrypted dump (.dump.age) takes BACKUP_IDENTITY, the file of age's private key.
# Connects as libpq's own variables say: as the one who is to own the tables. Nothing is overwritten: a database with tables is refused.
# Afterwards, with DATABASE_URL naming it: manage.py migrate --check, manage.py audit.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FILE" >&2; exit 2; }
[ -f "$1" ] || { echo "$1 is no file" >&2; exit 2; }

folder=$(dirname "$1")
name=$(basename "$1")
[ -f "$1.sha256" ] || { echo "$1.sha256 is missing; without it nobody knows whether the dump is whole" >&2; exit 2; }
(cd "$folder" && sha256sum --check --quiet "$name.sha256") || exit 1

tables=$(psql --no-psqlrc --tuples-only --no-align --command \
  "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
[ "$tables" = 0 ] || { echo "the database has $tables tables; name an empty one: createdb NAME" >&2; exit 1; }

read_dump() {
  case "$1" in
    *.age) age --decrypt --identity "${BACKUP_IDENTITY:?name the file of the private key}" "$1" ;;
    *) cat "$1" ;;
  esac
}
# What is cut short or cannot be decrypted ends the one transaction.
read_dump "$1" | pg_restore --no-owner --no-privileges --single-transaction --exit-on-error \
  --dbname="${PGDATABASE:?name the database}"
# An owner may not look at the server's own tables, and need not be told of each.
PGOPTIONS='-c client_min_messages=error' psql --no-psqlrc --quiet --command 'ANALYZE'
echo "restored $name into $PGDATABASE"
