"""Settings of the worker processes of a measured cluster: as in earnest, on the throw-away database.

Mails go through the outbox and end there: benchmarks write to nobody.
"""

import os

from config.benchmarks import DATABASE_VARIABLE, QUEUE_VARIABLE
from config.settings import *  # noqa: F403
from config.settings import CACHES, DATABASES, Q_CLUSTER

DATABASES["default"]["NAME"] = os.environ[DATABASE_VARIABLE]
CACHES["default"]["KEY_PREFIX"] = os.environ[DATABASE_VARIABLE]
if QUEUE_VARIABLE in os.environ:
    del Q_CLUSTER["broker_class"]
    Q_CLUSTER["ALT_CLUSTERS"] = {}  # django-q2 fails without, if its variable is set
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
