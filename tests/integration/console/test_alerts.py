"""The alerts page: what fires first, who may acknowledge, and what it says when nobody looks."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import StaffRestaurant
from config.roles import ON_CALL, OPS_AGENT, ROLES
from observability.alerts.evaluation import Sample
from observability.alerts.policy import CONFIRMATION_LOW, OUTBOX_UNKNOWN, RULES, STUCK
from observability.alerts.records import acknowledge, resolve
from observability.alerts.watch import look
from observability.models import Alert, Event
from tests.integration.console.conftest import SignIn
from tests.integration.observability.rows import alert_fired

pytestmark = pytest.mark.django_db

PAGE = "/alerts/"
SEE, ACKNOWLEDGE = "observability.view_alert", "observability.acknowledge_alert"


def page(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def looked_at(**values: float | None) -> None:
    """All rules were just looked at, and are quiet but for those named."""
    found = {rule.key: rule.good for rule in RULES} | values
    look(
        now=timezone.now(),
        reads={key: lambda _, value=value: Sample(value=value) for key, value in found.items()},  # type: ignore[misc]
    )


def test_unacknowledged_alerts_come_first_and_history_last(sign_in: SignIn) -> None:
    client, now = sign_in(SEE, ACKNOWLEDGE), timezone.now()
    known, fresh, over = (alert_fired(rule, at=now) for rule in (STUCK, OUTBOX_UNKNOWN, CONFIRMATION_LOW))
    acknowledge(alert_id=known.pk, user=User.objects.get(), now=now)
    resolve(rule=CONFIRMATION_LOW, value=1, now=now)
    html = page(client)
    opened, _, rest = html.partition("h-rules")
    assert opened.index(OUTBOX_UNKNOWN.title) < opened.index(STUCK.title)
    assert CONFIRMATION_LOW.title not in opened.partition('id="h-open"')[2]
    assert CONFIRMATION_LOW.title in rest.partition('id="h-history"')[2]
    assert opened.count("Acknowledge</button>") == 1
    assert f"/alerts/{fresh.pk}/acknowledge/" in opened
    assert f"/alerts/{over.pk}/acknowledge/" not in html
    assert 'class="badge badge--critical">1' in html


def test_acknowledging_is_logged_and_told(sign_in: SignIn) -> None:
    client = sign_in(SEE, ACKNOWLEDGE)
    alert = alert_fired(STUCK, at=timezone.now())
    answer = client.post(f"/alerts/{alert.pk}/acknowledge/", follow=True)
    assert "Acknowledged: bookings do not move." in answer.content.decode()
    alert.refresh_from_db()
    assert alert.acknowledged_by == User.objects.get()
    assert LogEntry.objects.get().change_message == "Acknowledged."
    assert Event.objects.get(event_type="alert.acknowledged").context["actor"] == User.objects.get().pk
    again = client.post(f"/alerts/{alert.pk}/acknowledge/", follow=True)
    assert "This alert is acknowledged already." in again.content.decode()
    assert client.post("/alerts/999999/acknowledge/").status_code == 404
    assert client.get(f"/alerts/{alert.pk}/acknowledge/").status_code == 405


def test_who_may_only_see_acknowledges_nothing(sign_in: SignIn) -> None:
    client = sign_in(SEE)
    alert = alert_fired(STUCK, at=timezone.now())
    assert "Acknowledge</button>" not in page(client)
    assert client.post(f"/alerts/{alert.pk}/acknowledge/").status_code == 403
    assert Alert.objects.get().state == "firing"


def test_alerts_are_not_shown_without_the_permission_or_to_who_works_for_one_restaurant(
    sign_in: SignIn,
) -> None:
    assert sign_in().get(PAGE).status_code == 403
    client = sign_in(SEE, ACKNOWLEDGE, name="ben")
    ben = User.objects.get(username="ben")
    ben.user_permissions.remove(*ben.user_permissions.filter(codename="every_restaurant"))
    assert not StaffRestaurant.objects.exists()
    assert client.get(PAGE).status_code == 403
    assert 'href="/alerts/"' not in client.get("/").content.decode()
    assert client.post(f"/alerts/{alert_fired(STUCK).pk}/acknowledge/").status_code == 403


def test_the_people_on_call_may_acknowledge_and_agents_see_nothing() -> None:
    assert {SEE, ACKNOWLEDGE} <= ROLES[ON_CALL]
    assert SEE not in ROLES[OPS_AGENT]


def test_no_data_is_told_as_such(sign_in: SignIn) -> None:
    client = sign_in(SEE)
    looked_at(confirmation_low=None)
    html = page(client)
    assert html.count("No data</span>") == 1
    assert html.count("Quiet</span>") == len(RULES) - 1
    assert "No alert is open." in html


def test_rules_that_nobody_looks_at_are_not_called_quiet(sign_in: SignIn) -> None:
    client = sign_in(SEE)
    html = page(client)
    assert "Nobody looks at the rules." in html
    assert html.count("Not looked at</span>") == len(RULES)
    look(
        now=timezone.now() - timedelta(minutes=3),
        reads={rule.key: lambda _: Sample(value=0) for rule in RULES},
    )
    html = page(client)
    assert "The last look was 3 min ago." in html
    assert "Quiet</span>" not in html


def test_the_page_costs_the_same_however_many_alerts_there_are(sign_in: SignIn) -> None:
    client, now = sign_in(SEE, ACKNOWLEDGE), timezone.now()
    looked_at()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    acknowledge(alert_id=alert_fired(STUCK, at=now).pk, user=User.objects.get(), now=now)
    resolve(rule=STUCK, value=0, now=now)
    queries()
    few = queries()
    for _ in range(5):
        for rule in RULES:
            acknowledge(alert_id=alert_fired(rule, at=now).pk, user=User.objects.get(), now=now)
            resolve(rule=rule, value=rule.good, now=now)
    alert_fired(STUCK, at=now)
    assert queries() == few
