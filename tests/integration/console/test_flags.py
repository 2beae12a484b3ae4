"""The flags page: what is in force and why, what a change would do, and who may make it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.engine.flags import Flag
from assignments.flags import acknowledgements, services, store
from assignments.flags.authors import Author
from assignments.models import FlagChange, FlagDecision, FlagProposal
from bookings.models import Restaurant, StaffRestaurant
from config.roles import ENGINEERING_LEAD, MANAGER, ON_CALL, PRODUCT_OWNER
from tests.factories import RestaurantFactory, receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_pinned")]

PAGE = "/flags/"
SEE, CHANGE, KILL = (f"assignments.{right}" for right in ("view_flagstate", "change_flags", "kill_flags"))


def cause() -> dict[str, Any]:
    return {"reason": "a test", "by": Author(name="stage"), "now": timezone.now()}


def page(client: Client, query: str = "", status: int = 200) -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == status
    return answer.content.decode()


def version() -> int:
    return store.read().version


def row_of(html: str, house: Restaurant) -> str:
    found = [row for row in html.split("<tr") if f">{house.name}<" in row]
    assert len(found) == 1
    return found[0]


def save(client: Client, *, seen: int | None = None, **wanted: Any) -> Any:
    form = {"version": version() if seen is None else seen, "reason": "because", **wanted}
    return client.post("/flags/save/", form)


def as_member(group: str, name: str) -> Client:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def test_each_restaurant_tells_its_path_and_why(sign_in: SignIn) -> None:
    legacy, shadowed, part, forced = (RestaurantFactory() for _ in range(4))
    services.set_override(restaurant_id=forced.pk, percentage=0, **cause())
    services.set_override(restaurant_id=part.pk, percentage=Decimal("12.5"), **cause())
    services.set_override(restaurant_id=shadowed.pk, flag=Flag.SHADOW, percentage=100, **cause())
    html = page(sign_in(SEE))
    assert "Legacy</span>" in row_of(html, legacy)
    assert "In no cohort" in row_of(html, legacy)
    assert "Shadow</span>" in row_of(html, shadowed)
    assert "V3 for 12.5 %</span>" in row_of(html, part)
    assert 'width="12.5%"' in row_of(html, part)
    assert "stage: a test" in row_of(html, part)
    assert "Legacy, forced</span>" in row_of(html, forced)
    services.set_cohort(percentage=100, **cause())
    assert "100 % cohort" in row_of(page(sign_in(SEE, name="ben")), legacy)


def test_a_pinned_flag_is_shown_as_such_and_not_editable(sign_in: SignIn, settings: Any) -> None:
    house = RestaurantFactory()
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = True
    client = sign_in(SEE, CHANGE)
    html = page(client)
    assert "FEATURE_ASSIGNMENT_PIPELINE_V3=true" in html
    assert "Pinned by the environment" in row_of(html, house)
    assert 'name="percentage" type="number" min="0" max="100" step="0.01" value' not in html
    refused = save(client, do="cohort", percentage=0)
    assert refused.status_code == 409
    assert "pinned to true" in refused.content.decode()


def test_a_what_if_counts_and_writes_nothing(sign_in: SignIn) -> None:
    house = serving_restaurant(4)
    now = timezone.now()
    for day in (1, 2, 30):
        receive(
            house,
            now=now,
            start=now.replace(hour=19, minute=0, second=0, microsecond=0) + timedelta(days=day),
        )
    html = page(sign_in(SEE, CHANGE), "?do=cohort&percentage=100")
    assert "V3 for 100 % of the restaurants" in html
    assert "Legacy to V3" in row_of(html, house)
    assert '>0 <span class="muted">to</span> <b class="strong">2</b>' in html
    assert version() == 0
    assert not FlagChange.objects.exists()


def test_saving_changes_and_logs(sign_in: SignIn) -> None:
    house = RestaurantFactory()
    client = sign_in(SEE, CHANGE)
    answer = save(
        client, do="override", restaurant=house.pk, flag="v3", share="part", percentage="40", hours="4"
    )
    assert answer.status_code == 302
    change = FlagChange.objects.get()
    value: Any = change.to_value
    assert value["percentage"] == "40.00"
    assert value["expires_at"] is not None
    assert (change.author, change.reason) == ("ada", "because")
    assert LogEntry.objects.filter(user__username="ada").count() == 1
    assert save(client, do="limit", limit="5").status_code == 302
    assert save(client, do="shadow", on="on").status_code == 302
    assert save(client, do="clear", restaurant=house.pk, flag="v3").status_code == 302
    assert (store.read().flags.max_parallel, store.read().flags.shadow.everyone) == (5, True)
    assert store.read().flags.v3.overrides == {}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"do": "fly"},
        {"do": "cohort"},
        {"do": "cohort", "percentage": "101"},
        {"do": "cohort", "percentage": "1.234"},
        {"do": "limit", "limit": "11"},
        {"do": "shadow"},
        {"do": "override", "percentage": "1"},
        {"do": "override", "restaurant": "999999999", "share": "on"},
        {"do": "override", "restaurant": "x\x00", "share": "on"},
        {"do": "clear"},
    ],
)
def test_what_is_no_change_is_told_and_changes_nothing(wanted: dict[str, Any], sign_in: SignIn) -> None:
    RestaurantFactory()
    client = sign_in(SEE, CHANGE)
    answer = save(client, **wanted)
    assert answer.status_code == 400
    assert "Nothing was saved" in answer.content.decode()
    assert client.get(PAGE, wanted).status_code == 200
    assert version() == 0


def test_who_saw_another_version_gets_what_changed_and_keeps_the_reason(sign_in: SignIn) -> None:
    RestaurantFactory()
    client = sign_in(SEE, CHANGE)
    services.set_max_parallel(limit=7, **cause())
    answer = save(client, seen=0, do="cohort", percentage="100", reason="ready for all")
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Runs at once 3 to 7" in html
    assert "ready for all</textarea>" in html
    assert 'name="version" value="1"' in html
    assert 'href="?' not in html, "the page stands at the address that refuses a GET"
    assert version() == 1


def test_in_production_somebody_else_approves(settings: Any) -> None:
    house = RestaurantFactory()
    settings.ENVIRONMENT = "production"
    ada, ben, boss, owner = (
        as_member(group, name)
        for group, name in (
            (ENGINEERING_LEAD, "ada"), (ON_CALL, "ben"), (MANAGER, "boss"), (PRODUCT_OWNER, "owner"),
        )
    )  # fmt: skip
    assert "a second person has to approve it" in page(ada, "?do=cohort&percentage=100")
    assert save(ada, do="cohort", percentage="100").status_code == 302
    proposal = FlagProposal.objects.get()
    at = f"/flags/proposals/{proposal.pk}"
    assert "You proposed it" in page(ada)
    assert "Approve and put in force" in page(boss)
    assert "Your groups may not decide it" in page(owner)
    assert ada.post(f"{at}/approve/").status_code == 409
    assert owner.post(f"{at}/approve/").status_code == 403
    root = User.objects.create_superuser("root")
    owner.force_login(root)
    assert owner.post(f"{at}/approve/").status_code == 403
    assert version() == 0
    assert ben.post(f"{at}/approve/").status_code == 302
    assert version() == 1
    assert ben.post(f"{at}/approve/").status_code == 409
    html = page(ada)
    assert "approved by ben" in html
    assert "V3</span>" in row_of(html, house)


def test_a_proposal_is_rejected_with_a_reason_or_withdrawn(settings: Any) -> None:
    RestaurantFactory()
    settings.ENVIRONMENT = "production"
    ada, ben = as_member(ENGINEERING_LEAD, "ada"), as_member(ON_CALL, "ben")
    save(ada, do="cohort", percentage="100")
    first = FlagProposal.objects.get()
    assert ben.post(f"/flags/proposals/{first.pk}/reject/").status_code == 409
    assert ben.post(f"/flags/proposals/{first.pk}/reject/", {"reason": "not today"}).status_code == 302
    save(ada, do="cohort", percentage="100")
    second = FlagProposal.objects.get(decision=None)
    assert ada.post(f"/flags/proposals/{second.pk}/withdraw/").status_code == 302
    outcomes = FlagDecision.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["rejected", "withdrawn"]
    assert ben.post("/flags/proposals/987654/approve/").status_code == 404


def test_a_kill_needs_no_version_and_no_reason(sign_in: SignIn) -> None:
    house = RestaurantFactory()
    services.set_cohort(percentage=100, **cause())
    client = sign_in(SEE, KILL)
    assert client.post("/flags/kill/").status_code == 302
    assert store.read().killed
    html = page(client)
    assert "V3 is stopped: every booking goes to legacy." in html
    assert "Legacy, stopped</span>" in row_of(html, house)
    assert client.post("/flags/kill/").status_code == 302
    assert FlagChange.objects.count() == 2


def test_rights_are_apart(sign_in: SignIn) -> None:
    RestaurantFactory()
    looks, changes, kills = sign_in(SEE), sign_in(SEE, CHANGE, name="ben"), sign_in(SEE, KILL, name="cy")
    for client in (looks, kills):
        assert save(client, do="limit", limit="4").status_code == 403
        assert "Preview" not in page(client)
    assert changes.post("/flags/kill/").status_code == 403
    assert looks.post("/flags/kill/").status_code == 403
    assert looks.post("/flags/changes/1/roll-back/").status_code == 403
    assert version() == 0


def test_who_works_for_some_restaurants_sees_no_flags(sign_in: SignIn) -> None:
    client = sign_in(SEE, CHANGE, KILL)
    user = User.objects.get()
    user.user_permissions.remove(*user.user_permissions.filter(codename="every_restaurant"))
    StaffRestaurant.objects.create(user=user, restaurant=RestaurantFactory())
    for path in (PAGE, "/flags/effect/", "/flags/changes/"):
        assert client.get(path).status_code == 403
    assert client.post("/flags/kill/").status_code == 403


def test_the_last_change_of_a_flag_is_rolled_back_by_one_click(sign_in: SignIn) -> None:
    RestaurantFactory()
    services.set_max_parallel(limit=7, **cause())
    services.set_max_parallel(limit=9, **cause())
    client = sign_in(SEE, CHANGE)
    html = page(client)
    assert "/flags/changes/2/roll-back/" in html
    assert "/flags/changes/1/roll-back/" not in html
    assert client.post("/flags/changes/1/roll-back/", {"version": 2}).status_code == 409
    assert client.post("/flags/changes/2/roll-back/", {"version": 2}).status_code == 302
    assert store.read().flags.max_parallel == 7
    assert FlagChange.objects.get(version=3).reason == "Rolled back version 2"
    assert client.post("/flags/changes/77/roll-back/", {"version": 3}).status_code == 404


def test_history_is_paged_by_version(sign_in: SignIn) -> None:
    for number in range(60):
        services.set_max_parallel(limit=number % 2 + 1, **cause())
    client = sign_in(SEE)
    first = client.get("/flags/changes/").content.decode()
    assert 'href="?before=11"' in first
    second = client.get("/flags/changes/?before=11").content.decode()
    assert ">10</time>" in second
    assert ">11</time>" not in second
    assert client.get("/flags/changes/?before=x\x00").status_code == 200


def test_workers_tell_how_far_a_change_has_got(sign_in: SignIn) -> None:
    acknowledgements.register("w-1")
    acknowledgements.register("w-2")
    services.set_shadow(on=True, **cause())
    acknowledgements.acknowledge(worker="w-1", version=1, before=0)
    client = sign_in(SEE)
    html = client.get("/flags/effect/").content.decode()
    assert "1 of 2 on 1" in html
    assert "Waiting for" in html
    acknowledgements.acknowledge(worker="w-2", version=1, before=0)
    html = client.get("/flags/effect/").content.decode()
    assert "2 of 2 on 1" in html
    assert "slowest worker" in html


def test_restaurants_are_found_filtered_and_paged(sign_in: SignIn) -> None:
    for number in range(60):
        RestaurantFactory(name=f"House {number:02}")
    services.set_override(restaurant_id=Restaurant.objects.first().pk, percentage=100, **cause())  # type: ignore[union-attr]
    client = sign_in(SEE)
    assert page(client).count("House ") >= 50
    assert "1 to 50 of 60" in page(client)
    assert "51 to 60 of 60" in page(client, "?page=2")
    assert "1 to 1 of 1" in page(client, "?path=v3")
    assert "1 to 1 of 1" in page(client, "?path=override&q=house")
    assert "1 to 1 of 1" in page(client, "?q=House+07")
    assert "No restaurant like that" in page(client, "?q=nowhere")
    assert "path: " in page(client, "?path=fly")


def test_the_page_costs_the_same_for_any_number_of_restaurants(sign_in: SignIn) -> None:
    client = sign_in(SEE, CHANGE, KILL)

    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, query)
        return len(captured)

    def add(count: int) -> None:
        for _ in range(count):
            house = RestaurantFactory()
            services.set_override(restaurant_id=house.pk, percentage=30, **cause())

    add(2)
    queries("")
    few = [queries(query) for query in ("", "?do=cohort&percentage=100", "?q=a")]
    add(20)
    assert [queries(query) for query in ("", "?do=cohort&percentage=100", "?q=a")] == few
