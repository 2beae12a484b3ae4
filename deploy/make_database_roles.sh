#!/bin/sh
# Makes the roles of web processes and workers, with their passwords and no rights; `manage.py database_roles --apply`
# gives them those. Run once: by PostgreSQL's image in a new volume, or by hand as who may make roles:
#   PGHOST=... PGUSER=... PGDATABASE=... WEB_PASSWORD=... WORKER_PASSWORD=... deploy/make_database_roles.sh
set -eu
export PGUSER="${PGUSER:-${POSTGRES_USER:-postgres}}" PGDATABASE="${PGDATABASE:-${POSTGRES_DB:-postgres}}"
: "${WEB_PASSWORD:?choose one}" "${WORKER_PASSWORD:?choose another}"
# Through the environment, so that no password is on a command line.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
\getenv web_password WEB_PASSWORD
\getenv worker_password WORKER_PASSWORD
CREATE ROLE console_web LOGIN PASSWORD :'web_password';
CREATE ROLE console_worker LOGIN PASSWORD :'worker_password';
SQL
