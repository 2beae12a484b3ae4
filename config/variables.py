"""Every variable of the environment that the project knows, with its purpose and an example."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One variable: what it is for and an example of a good value, both shown on refusal."""

    purpose: str
    example: str
    required_when_deployed: bool = False


VARIABLES: Mapping[str, Variable] = {
    "ENVIRONMENT": Variable(purpose="which kind of deployment this is", example="production"),
    "SECRET_KEY": Variable(
        purpose="signs sessions and queue payloads; 50 random characters or more",
        example="the output of: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
        required_when_deployed=True,
    ),
    "SECRET_KEY_FALLBACKS": Variable(
        purpose="keys of before, separated by commas: read with, never signed with",
        example="the SECRET_KEY that was in force until now",
    ),
    "DATABASE_URL": Variable(
        purpose="the PostgreSQL database",
        example="postgres://user:password@host:5432/table_assignment",
        required_when_deployed=True,
    ),
    "DATABASE_REPLICA_URL": Variable(
        purpose="a streaming replica that the metrics explorer reads while it keeps up",
        example="postgres://user:password@replica:5432/table_assignment",
    ),
    "DATABASE_POOLER": Variable(
        purpose="whether DATABASE_URL names a pooler in transaction mode, such as pgbouncer", example="true"
    ),
    "REDIS_URL": Variable(
        purpose="the Redis-compatible server for cache and locks",
        example="redis://host:6379/0",
        required_when_deployed=True,
    ),
    "EMAIL_URL": Variable(
        purpose="the mail server",
        example="smtp+tls://user:password@host:587",
        required_when_deployed=True,
    ),
    "MAIL_MODE": Variable(
        purpose=(
            "whether guests are written to: send, suppress, or redirect:address; "
            "unset, staging suppresses and the others send"
        ),
        example="redirect:testers@restaurants.example",
    ),
    "DEFAULT_FROM_EMAIL": Variable(
        purpose="sender of guest mails",
        example="Bookings <bookings@restaurants.example>",
        required_when_deployed=True,
    ),
    "ALLOWED_HOSTS": Variable(
        purpose="host names the console answers to, separated by commas",
        example="console.restaurants.example",
        required_when_deployed=True,
    ),
    "CSRF_TRUSTED_ORIGINS": Variable(
        purpose="origins allowed to post when a proxy changes the host, separated by commas",
        example="https://console.restaurants.example",
    ),
    "PROXIES": Variable(
        purpose="proxies in front that append to X-Forwarded-For, 0 to 5; unset, deployments have 1",
        example="1",
    ),
    "MFA_REQUIRED": Variable(
        purpose="whether everybody who signs in needs a second step; unset, deployments require it",
        example="true",
    ),
    "SESSION_IDLE_MINUTES": Variable(
        purpose="minutes without a sign of the person until a session ends, 5 to 720", example="60"
    ),
    "SESSION_HOURS": Variable(purpose="hours that a sign-in lasts at most, 1 to 24", example="12"),
    "SIGN_IN_FAILURES": Variable(
        purpose="wrong passwords or codes for a name at an address until that is locked, 3 to 20", example="5"
    ),
    "SIGN_IN_FAILURES_PER_ADDRESS": Variable(
        purpose="wrong passwords or codes at an address, whatever the name, until it is locked, 10 to 1000",
        example="50",
    ),
    "SIGN_IN_LOCK_MINUTES": Variable(
        purpose="minutes that a lock lasts after the last attempt that counted, 1 to 1440", example="15"
    ),
    "DEBUG": Variable(purpose="Django's debug pages, local only", example="false"),
    "LOG_LEVEL": Variable(purpose="lowest level of log lines shown", example="INFO"),
    "LOG_FORMAT": Variable(
        purpose="form of log lines, line or json; unset, deployments write json", example="json"
    ),
    "METRICS_TOKEN": Variable(
        purpose="bearer token of /metrics, 50 random characters or more; unset, only local has that page",
        example="the output of: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
    ),
    "OTEL_EXPORTER_OTLP_ENDPOINT": Variable(
        purpose="OpenTelemetry collector that traces go to, over HTTP; takes the extra `tracing`",
        example="http://collector.example:4318",
    ),
    "LOCAL_DATA_DIR": Variable(
        purpose="folder of the embedded servers' data and the local mailbox, local only",
        example="/var/tmp/table-assignment",
    ),
    "QUEUE_WORKERS": Variable(purpose="worker processes of one qcluster, 1 to 64", example="3"),
    "EVENT_RETENTION_DAYS": Variable(
        purpose="days that events are kept, 8 to 3650; their rollups stay", example="90"
    ),
    "IMPORT_FILE_RETENTION_DAYS": Variable(
        purpose="days that drafts and files of failed imports are kept, 1 to 30", example="1"
    ),
    "IMPORT_REJECT_RETENTION_DAYS": Variable(
        purpose="days that the rejected rows of an import are kept, 1 to 365", example="30"
    ),
    "API_ANSWER_RETENTION_DAYS": Variable(
        purpose="days that a repeated API request gets the answer of the first time, 1 to 365", example="30"
    ),
    "GUEST_RETENTION_DAYS": Variable(
        purpose="days after which guests are taken out of past bookings, 30 to 3650; unset, they stay",
        example="365",
    ),
    "CONSOLE_URL": Variable(
        purpose="where people reach the console; alerts, and mails about passwords, link there",
        example="https://console.restaurants.example",
    ),
    "ALERT_MAIL_TO": Variable(
        purpose="addresses that alerts are mailed to, separated by commas; unset, none is",
        example="on-call@restaurants.example",
    ),
    "ALERT_WEBHOOK_URL": Variable(
        purpose="where alerts are posted to, signed; unset, they are not",
        example="https://pager.restaurants.example/hooks/alerts",
    ),
    "ALERT_WEBHOOK_SECRET": Variable(
        purpose="signs posted alerts: whsec_ and 24 to 64 bytes in base64",
        example="whsec_ followed by the output of: openssl rand -base64 32",
    ),
    "FEATURE_ASSIGNMENT_PIPELINE_V3": Variable(
        purpose="whether V3 assigns, for all restaurants; set, it pins the flag",
        example="false",
    ),
    "FEATURE_ASSIGNMENT_PIPELINE_V3_SHADOW": Variable(
        purpose="whether V3 is compared where the legacy planner assigns; set, it pins the flag",
        example="false",
    ),
    "FEATURE_ASSIGNMENT_PIPELINE_V3_MAX_PARALLEL": Variable(
        purpose="runs a restaurant may have at once, 1 to 10; set, it pins the limit", example="3"
    ),
}
