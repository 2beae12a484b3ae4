"""Variables of the environment: a missing, bad or unknown one is refused with its name and a way out."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.variables import VARIABLES
from tests.unit.config.conftest import COMPLETE, PROJECT, Load

REQUIRED = sorted(name for name, variable in VARIABLES.items() if variable.required_when_deployed)
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0" * 5
DEPLOYED = ["staging", "production"]


def refusal(load: Load, **variables: str) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        load(**variables)
    return str(refused.value)


# Complete and missing -----------------------------------------------------------------------------


@pytest.mark.parametrize("environment", DEPLOYED)
def test_a_complete_environment_is_read_as_it_is_written(load: Load, environment: str) -> None:
    found = load(**COMPLETE | {"ENVIRONMENT": environment})
    database = found["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"]) == (
        "db.restaurants.example",
        5433,
        "table_assignment",
    )
    assert (database["USER"], database["PASSWORD"]) == ("console", "p@ss")
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert found["CACHES"]["default"]["LOCATION"] == COMPLETE["REDIS_URL"]
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.restaurants.example", 587)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("mailer", "s:cret")
    assert found["EMAIL_USE_TLS"] is True
    assert found["EMAIL_BACKEND"] == "bookings.outbox.smtp.SmtpBackend"
    assert found["SECRET_KEY"] == COMPLETE["SECRET_KEY"]
    assert found["ALLOWED_HOSTS"] == ["console.restaurants.example"]
    assert found["DEBUG"] is False
    assert (found["EMBEDDED_DATABASE"], found["EMBEDDED_REDIS"]) == (False, False)
    assert (found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]) == (True, True)


@pytest.mark.parametrize(
    ("environment", "written", "mode"),
    [
        ("production", "", ("send", "")),
        ("staging", "", ("suppress", "")),
        ("staging", "send", ("send", "")),
        ("production", "suppress", ("suppress", "")),
        ("staging", "redirect:a@b.example", ("redirect", "a@b.example")),
    ],
)
def test_staging_writes_to_guests_only_if_it_is_told_to(
    load: Load, environment: str, written: str, mode: tuple[str, str]
) -> None:
    found = load(**COMPLETE | {"ENVIRONMENT": environment, "MAIL_MODE": written})
    assert (found["MAIL_MODE"], found["MAIL_REDIRECT_TO"]) == mode


def test_required_are_the_servers_the_key_the_sender_and_the_hosts() -> None:
    assert set(REQUIRED) == set(COMPLETE) - {"ENVIRONMENT"}


@pytest.mark.parametrize("environment", DEPLOYED)
@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_deployments_refuse_to_start_without(
    load: Load, environment: str, name: str, value: str | None
) -> None:
    variables = {key: text for key, text in COMPLETE.items() if key != name} | {"ENVIRONMENT": environment}
    told = refusal(load, **variables, **({} if value is None else {name: value}))
    assert told.startswith(f"{name}: it is not set, and {environment} needs it. ")
    assert f"for example: {VARIABLES[name].example}" in told


def test_locally_nothing_has_to_be_set(load: Load, clone: Path) -> None:
    found = load()
    assert found["ENVIRONMENT"] == "local"
    assert (found["EMBEDDED_DATABASE"], found["EMBEDDED_REDIS"]) == (True, True)
    assert found["EMAIL_BACKEND"] == "bookings.outbox.maildir.MaildirBackend"
    assert found["LOCAL_DATA_DIR"] == clone / ".local"
    assert (found["DEBUG"], found["QUEUE_WORKERS"]) == (False, 3)


def test_locally_a_server_that_is_named_is_used(load: Load) -> None:
    found = load(DATABASE_URL="postgres:///own", REDIS_URL="redis://127.0.0.1:6390/1")
    assert (found["EMBEDDED_DATABASE"], found["EMBEDDED_REDIS"]) == (False, False)
    assert found["DATABASES"]["default"]["NAME"] == "own"
    assert found["CACHES"]["default"]["LOCATION"] == "redis://127.0.0.1:6390/1"


# Bad values ---------------------------------------------------------------------------------------

BAD = [
    ("ENVIRONMENT", "prod", "'prod' is not one of local, staging, production"),
    ("ENVIRONMENT", "", "'' is not one of"),
    ("ENVIRONMENT", "Production", "'Production' is not one of"),
    ("DATABASE_URL", "mysql://host/name", "it starts with 'mysql', not postgres://"),
    ("DATABASE_URL", "db.restaurants.example", "not postgres://"),
    ("DATABASE_URL", "postgres://host:port/name", "it cannot be read as an address"),
    ("DATABASE_URL", "postgres://host:5432", "it names no database after the host"),
    ("DATABASE_URL", "postgres://host:5432/", "it names no database after the host"),
    ("REDIS_URL", "http://host:6379", "it starts with 'http', not redis://, rediss:// or unix://"),
    ("REDIS_URL", "redis://host:port/0", "it cannot be read as an address"),
    ("EMAIL_URL", "dummymail://", "it starts with 'dummymail', not smtp://"),
    ("EMAIL_URL", "smtps://host:465", "it starts with 'smtps', not smtp://, smtp+tls:// or smtp+ssl://"),
    ("EMAIL_URL", "smtp://host", "it lacks the host or the port"),
    ("EMAIL_URL", "smtp://:25", "it lacks the host or the port"),
    ("EMAIL_URL", "smtp://host:port", "it cannot be read as an address"),
    ("MAIL_MODE", "off", "'off' is not one of send, suppress and redirect:address"),
    ("MAIL_MODE", "send:a@b.example", "'send' is not one of"),
    ("MAIL_MODE", "redirect", "'' is no e-mail address"),
    ("MAIL_MODE", "redirect:testers", "'testers' is no e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Bookings", "'Bookings' is no e-mail address"),
    ("DEFAULT_FROM_EMAIL", "Bookings <bookings@>", "is no e-mail address"),
    ("ALLOWED_HOSTS", "https://console.restaurants.example", "is no host name"),
    ("ALLOWED_HOSTS", "console.restaurants.example:8000", "is no host name"),
    ("ALLOWED_HOSTS", "console.restaurants.example, *", "'*' is no host name"),
    ("CSRF_TRUSTED_ORIGINS", "console.restaurants.example", "is no origin"),
    ("CSRF_TRUSTED_ORIGINS", "https://console.restaurants.example/x", "is no origin"),
    ("DEBUG", "maybe", "'maybe' is neither true nor false"),
    ("LOG_LEVEL", "LOUD", "'LOUD' is not one of DEBUG, INFO, WARNING, ERROR"),
    ("QUEUE_WORKERS", "0", "'0' is not a whole number from 1 to 64"),
    ("QUEUE_WORKERS", "65", "'65' is not a whole number from 1 to 64"),
    ("QUEUE_WORKERS", "-1", "'-1' is not a whole number"),
    ("QUEUE_WORKERS", "2.5", "'2.5' is not a whole number"),
    ("QUEUE_WORKERS", "two", "'two' is not a whole number"),
]


@pytest.mark.parametrize(("name", "value", "why"), BAD)
@pytest.mark.parametrize("others", [{}, COMPLETE], ids=["local", "production"])
def test_a_bad_value_is_refused(load: Load, others: dict[str, str], name: str, value: str, why: str) -> None:
    told = refusal(load, **others | {name: value})
    assert told.startswith(f"{name}: ")
    assert why in told
    assert f"for example: {VARIABLES[name].example}" in told


@pytest.mark.parametrize("environment", DEPLOYED)
@pytest.mark.parametrize("key", ["short", "x" * 49, "x" * 80, "abcd" * 20])
def test_a_key_that_can_be_guessed_is_refused_and_not_shown(load: Load, environment: str, key: str) -> None:
    told = refusal(load, **COMPLETE | {"ENVIRONMENT": environment, "SECRET_KEY": key})
    assert told.startswith(f"SECRET_KEY: its {len(key)} characters can be guessed")
    assert key not in told


@pytest.mark.parametrize("environment", DEPLOYED)
def test_debug_pages_are_refused_where_guests_data_are(load: Load, environment: str) -> None:
    told = refusal(load, **COMPLETE | {"ENVIRONMENT": environment, "DEBUG": "true"})
    assert told.startswith("DEBUG: debug pages show settings and personal data")
    assert load(ENVIRONMENT="local", DEBUG="true")["DEBUG"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:hunter2@host/name"),
        ("DATABASE_URL", "postgres://user:hunter2@host:port/name"),
        ("DATABASE_URL", "user:hunter2@host/name"),
        ("REDIS_URL", "redis://:hunter2@host:port/0"),
        ("EMAIL_URL", "smtp://user:hunter2@host:port"),
        ("EMAIL_URL", "hunter2"),
    ],
)
def test_a_refusal_never_shows_a_password(load: Load, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        load(**COMPLETE | {name: value})
    assert "hunter2" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("word", ["true", "True", "1", "yes", "on", " on "])
def test_words_for_true(load: Load, word: str) -> None:
    assert load(DEBUG=word)["DEBUG"] is True


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", ""])
def test_words_for_false(load: Load, word: str) -> None:
    assert load(DEBUG=word)["DEBUG"] is False


def test_lists_may_have_spaces_after_their_commas(load: Load) -> None:
    found = load(
        ALLOWED_HOSTS="a.example, .b.example,,[::1]", CSRF_TRUSTED_ORIGINS="https://a.example, http://b:8000"
    )
    assert found["ALLOWED_HOSTS"] == ["a.example", ".b.example", "[::1]"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://a.example", "http://b:8000"]


def test_a_value_that_begins_with_a_dollar_is_no_reference_to_another_variable(load: Load) -> None:
    key = "$ENVIRONMENT" + COMPLETE["SECRET_KEY"]
    assert load(**COMPLETE | {"SECRET_KEY": key})["SECRET_KEY"] == key


# The file .env ------------------------------------------------------------------------------------


def test_values_come_from_the_file_unless_the_process_has_them(load: Load, clone: Path) -> None:
    (clone / ".env").write_text("# ours\n\nQUEUE_WORKERS=5\nexport LOG_LEVEL='ERROR'\nDATABASE_URL=\n")
    found = load(QUEUE_WORKERS="7")
    assert (found["QUEUE_WORKERS"], found["LOG_LEVEL"]) == (7, "ERROR")
    assert found["EMBEDDED_DATABASE"] is True


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("DATABSE_URL=postgres://u:hunter2@h/n", "line 2: DATABSE_URL is not a variable of this project"),
        ("export PORT=80", "line 2: PORT is not a variable of this project"),
        ("secret_key=hunter2", "line 2: secret_key is not a variable of this project"),
        ("SECRET_KEY = hunter2", "line 2 is not read: write NAME=value from the first column"),
        ("  SECRET_KEY=hunter2", "line 2 is not read"),
        ("SECRET_KEY hunter2", "line 2 is not read"),
    ],
)
def test_a_line_that_would_have_no_effect_is_refused(load: Load, clone: Path, line: str, why: str) -> None:
    (clone / ".env").write_text(f"LOG_LEVEL=INFO\n{line}\n")
    told = refusal(load)
    assert told.startswith(f".env, {why}")
    assert "hunter2" not in told


def test_the_refusal_of_an_unknown_name_lists_the_known_ones(load: Load, clone: Path) -> None:
    (clone / ".env").write_text("DATABSE_URL=x\n")
    assert all(name in refusal(load) for name in VARIABLES)


# The example file ---------------------------------------------------------------------------------

EXAMPLE = PROJECT / ".env.example"


def settings_of(text: str) -> dict[str, str]:
    """NAME=value lines of the example, without the sign that comments them out."""
    lines = [line.removeprefix("#") for line in text.splitlines() if not line.startswith("# ")]
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_the_example_lists_every_variable_once_and_nothing_else() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if "=" in line and not line.startswith("# ")]
    assert sorted(line.removeprefix("#").split("=")[0] for line in lines) == sorted(VARIABLES)


def test_the_example_copied_as_it_is_gives_the_local_environment(load: Load, clone: Path) -> None:
    plain = comparable(load())
    (clone / ".env").write_text(EXAMPLE.read_text())
    assert comparable(load()) == plain


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name.isupper() and name != "LOGGING"}


def test_the_example_with_every_line_in_force_is_a_complete_production(load: Load, clone: Path) -> None:
    secrets = {"SECRET_KEY": COMPLETE["SECRET_KEY"], "ALERT_WEBHOOK_SECRET": WEBHOOK_SECRET}
    values = settings_of(EXAMPLE.read_text()) | secrets
    assert set(values) == set(VARIABLES)
    (clone / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    assert load()["ENVIRONMENT"] == "production"


def test_the_example_holds_no_secret() -> None:
    example = settings_of(EXAMPLE.read_text())
    assert (example["SECRET_KEY"], example["ALERT_WEBHOOK_SECRET"]) == ("", "")


# Alerts -------------------------------------------------------------------------------------------


def test_alerts_go_to_the_addresses_named(load: Load) -> None:
    hook = {"ALERT_WEBHOOK_URL": "https://pager.example/in", "ALERT_WEBHOOK_SECRET": WEBHOOK_SECRET}
    found = load(**COMPLETE, ALERT_MAIL_TO="a@b.example, c@d.example", **hook)
    assert found["ALERT_MAIL_TO"] == ["a@b.example", "c@d.example"]
    assert (found["ALERT_WEBHOOK_URL"], found["ALERT_WEBHOOK_SECRET"]) == tuple(hook.values())


def test_without_an_address_alerts_are_told_to_nobody(load: Load) -> None:
    found = load(**COMPLETE)
    assert (found["ALERT_MAIL_TO"], found["ALERT_WEBHOOK_URL"]) == ([], "")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ALERT_MAIL_TO": "nobody"}, "ALERT_MAIL_TO: 'nobody'"),
        ({"ALERT_WEBHOOK_URL": "https://pager.example/in"}, "ALERT_WEBHOOK_SECRET: it is not whsec_"),
        ({"ALERT_WEBHOOK_SECRET": WEBHOOK_SECRET}, "ALERT_WEBHOOK_URL: it has to begin with https://"),
        (
            {"ALERT_WEBHOOK_URL": "http://pager.example", "ALERT_WEBHOOK_SECRET": WEBHOOK_SECRET},
            "ALERT_WEBHOOK_URL: it has to begin with https://",
        ),
        (
            {"ALERT_WEBHOOK_URL": "https://pager.example", "ALERT_WEBHOOK_SECRET": "whsec_c2hvcnQ="},
            "ALERT_WEBHOOK_SECRET",
        ),
    ],
)
def test_a_bad_address_or_secret_of_alerts_is_refused_and_the_secret_not_told(
    load: Load, variables: dict[str, str], named: str
) -> None:
    told = refusal(load, **COMPLETE, **variables)
    assert named in told
    assert variables.get("ALERT_WEBHOOK_SECRET", WEBHOOK_SECRET) not in told


def test_deployments_log_json_and_show_figures_to_whoever_has_the_token(load: Load) -> None:
    token = COMPLETE["SECRET_KEY"]
    found = load(**COMPLETE, METRICS_TOKEN=token)
    assert found["LOGGING"]["handlers"]["stderr"]["formatter"] == "json"
    assert (found["METRICS_TOKEN"], found["METRICS_OPEN"]) == (token, False)
    with pytest.raises(ImproperlyConfigured, match="METRICS_TOKEN: its 3 characters can be guessed"):
        load(METRICS_TOKEN="abc")


# A pooler -----------------------------------------------------------------------------------------


def test_behind_a_pooler_nothing_of_a_session_is_relied_on(load: Load) -> None:
    database = load(**COMPLETE, DATABASE_POOLER="true")["DATABASES"]["default"]
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert database["OPTIONS"]["prepare_threshold"] is None
    assert "options" not in database["OPTIONS"]


def test_without_a_pooler_statements_are_prepared_and_idle_transactions_ended(load: Load) -> None:
    database = load(**COMPLETE)["DATABASES"]["default"]
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is False
    assert database["OPTIONS"]["prepare_threshold"] == 5
    assert "idle_in_transaction_session_timeout" in database["OPTIONS"]["options"]


# Signing in ---------------------------------------------------------------------------------------


def test_deployments_require_a_second_step_and_cookies_of_this_host_alone(load: Load) -> None:
    found = load(**COMPLETE)
    assert (found["MFA_REQUIRED"], found["PROXIES"]) == (True, 1)
    for cookie in ("SESSION_COOKIE", "CSRF_COOKIE"):
        assert found[f"{cookie}_NAME"].startswith("__Host-")
        assert found[f"{cookie}_SECURE"]
        assert f"{cookie}_DOMAIN" not in found
        assert f"{cookie}_PATH" not in found
    assert found["CSRF_COOKIE_HTTPONLY"]
    assert found["SESSION_COOKIE_AGE"] == 12 * 3600


def test_the_local_environment_signs_in_simply(load: Load) -> None:
    found = load()
    assert (found["MFA_REQUIRED"], found["PROXIES"], found["SECRET_KEY_FALLBACKS"]) == (False, 0, [])


def test_keys_of_before_are_as_hard_to_guess_as_the_one_in_force(load: Load) -> None:
    first, second = COMPLETE["SECRET_KEY"], COMPLETE["SECRET_KEY"][::-1]
    assert load(**COMPLETE, SECRET_KEY_FALLBACKS=f"{first}, {second}")["SECRET_KEY_FALLBACKS"] == [
        first,
        second,
    ]
    told = refusal(load, **COMPLETE, SECRET_KEY_FALLBACKS=f"{first},short")
    assert told.startswith("SECRET_KEY_FALLBACKS: its 5 characters can be guessed")
    assert first not in told
