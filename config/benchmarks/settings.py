"""Settings of the worker processes of a measured cluster: as in earnest, on the throw-away database.

Mails go through the outbox and end there: benchmarks write to nobody.
"""

import os

from config.benchmarks import DATABASE_VARIABLE
from config.settings import *  # noqa: F403
from config.settings import CACHES, DATABASES

DATABASES["default"]["NAME"] = os.environ[DATABASE_VARIABLE]
CACHES["default"]["KEY_PREFIX"] = os.environ[DATABASE_VARIABLE]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
