#!/bin/sh
# Checks the settings of a deployment as Django sees them: the example of a production environment must
# start and pass `check --deploy` without a warning. Reads no database; the addresses are examples that
# nobody answers at.
set -eu
cd "$(dirname "$0")/.."
exec deploy/with_example_settings.sh .venv/bin/python manage.py check --deploy --fail-level WARNING
