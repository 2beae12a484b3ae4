#!/bin/sh
# Checks the settings of a deployment as Django sees them: a complete production environment must
# start and pass `check --deploy` without a warning. Reads no database and keeps no secret: the key
# is made for this run, the addresses are examples that nobody answers at.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python

SECRET_KEY="$($python -c 'import secrets; print(secrets.token_urlsafe(64))')"
export SECRET_KEY
export ENVIRONMENT=production
export DATABASE_URL=postgres://console@db.restaurants.example:5432/table_assignment
export REDIS_URL=redis://redis.restaurants.example:6379/0
export EMAIL_URL=smtp+tls://mail.restaurants.example:587
export DEFAULT_FROM_EMAIL='Bookings <bookings@restaurants.example>'
export ALLOWED_HOSTS=console.restaurants.example
export CSRF_TRUSTED_ORIGINS=https://console.restaurants.example
export DEBUG=false
export LOG_LEVEL=WARNING
export QUEUE_WORKERS=2

exec $python manage.py check --deploy --fail-level WARNING
