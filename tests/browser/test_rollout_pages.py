"""The rollout's pages in a real browser: two people sign, a stale form is refused, a phase is rolled back."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PhaseKey, Role
from assignments.models import Decision, IncidentSeverity, Phase, SignOff
from assignments.rollout import incidents, phases, signoffs
from assignments.rollout.gates import looking
from tests.browser.accessibility import findings
from tests.browser.conftest import PHONE, WIDE, Opens
from tests.factories import RestaurantFactory
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.bundles import exported, signed_off
from tests.integration.assignments.rollout.people import (
    ENGINEER,
    FACTS,
    judged_by,
    reach,
    snapshot_of,
    tick_all,
)

pytestmark = pytest.mark.usefixtures("nothing_pinned")

Person = Callable[..., User]
HOUR = timedelta(hours=1)


@pytest.fixture
def shadow(person: Person) -> Phase:
    """Staging's shadow phase, judged by facts alone, its checklist done."""
    now = timezone.now()
    for number in range(6):
        RestaurantFactory(name=f"House {number}")
    judged_by(FACTS, PhaseKey.STAGING_SHADOW, now=now)
    stay = phases.enter_first(PhaseKey.STAGING_SHADOW, by=ENGINEER, now=now - timedelta(days=2))
    tick_all(stay, now=now)
    return stay


@pytest.fixture
def half(person: Person) -> Phase:
    """Half of production on V3, with traffic, an incident and a restaurant that stands out."""
    now = timezone.now()
    houses = [RestaurantFactory(name=f"House {number}") for number in range(12)]
    stay = phases.enter_first(PhaseKey.PRODUCTION_50, by=ENGINEER, now=now - timedelta(hours=18))
    for number, house in enumerate(houses[:6]):
        for hours in range(1, 16):
            happenings.outcomes(house.pk, at=now - hours * HOUR, confirmed=12, reviewed=hours % 3 // 2)
        happenings.runs(house.pk, at=now - HOUR, duration_ms=380 + number, wait_ms=18, number=30)
    happenings.failures(houses[0].pk, at=now - 2 * HOUR, number=4)
    happenings.breaker(opened=now - 3 * HOUR, closed=now - 3 * HOUR + timedelta(seconds=42))
    incidents.report(
        severity=IncidentSeverity.P2, title="Breaker opened at House 0", phase=stay, by=ENGINEER, now=now
    )
    return stay


def put(stay: Phase, proposer: User, decision: Decision = Decision.PROCEED) -> SignOff:
    now = timezone.now()
    snapshot = looking.take(stay, now)
    return signoffs.propose(
        phase=stay, snapshot=snapshot, decision=decision, reason="it holds", by=proposer, now=now
    )


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_one_proposes_two_sign_and_the_phase_proceeds(shadow: Phase, person: Person, opens: Opens) -> None:
    page = opens(person(Role.MANAGER, name="mo"), f"/rollout/phases/{shadow.number}/")
    expect(page.locator(".say").first).to_contain_text("Ready. Every gate passes")
    page.get_by_role("link", name="Propose a decision").click()
    press(page, "Take a fresh look")
    page.get_by_label("Why").fill("Two quiet days.")
    press(page, "Put it to the signers")
    expect(page.locator(".say").first).to_contain_text("Waiting for signatures")
    address = page.url
    for role in (Role.QA_LEAD, Role.ENGINEERING_LEAD):
        page = opens(person(role, name=role.value.replace(" ", "")), address)
        press(page, f"Sign as {role}")
    expect(page.locator(".say").first).to_contain_text("Decided.")
    current = phases.current()
    assert current is not None
    assert current.key == PhaseKey.STAGING_FULL


def test_a_form_from_before_a_change_is_refused(shadow: Phase, person: Person, opens: Opens) -> None:
    sign_off = put(shadow, person(Role.MANAGER, name="mo"))
    signer = person(Role.QA_LEAD, name="qa")
    page = opens(signer, f"/rollout/sign-offs/{sign_off.pk}/")
    page.locator('input[name="digest"]').evaluate("field => { field.value = '0'.repeat(64) }")
    page.get_by_label("Why, needed to reject").fill("Looks right.")
    press(page, "Sign as QA lead")
    expect(page.get_by_role("alert")).to_contain_text("The page showed other evidence")
    expect(page.get_by_label("Why, needed to reject")).to_have_value("Looks right.")
    assert not sign_off.signatures.exists()


def test_one_person_rolls_back_from_the_phase(half: Phase, person: Person, opens: Opens) -> None:
    page = opens(person(Role.ON_CALL), f"/rollout/phases/{half.number}/")
    page.get_by_role("link", name="Roll back to Production 10 %").click()
    page.get_by_label("Why").fill("Guests call.")
    press(page, "Roll back now")
    page.wait_for_url("**/rollout/")
    expect(page.locator(".say").first).to_contain_text("Blocked.")
    current = phases.current()
    assert current is not None
    assert current.key == PhaseKey.PRODUCTION_10


def test_an_unsettled_gate_is_taken_on_and_signed_with_the_password(
    shadow: Phase, person: Person, opens: Opens, settings: Any
) -> None:
    now = timezone.now()
    sign_off = signoffs.propose(
        phase=shadow,
        snapshot=snapshot_of(shadow, at=now, verdicts={"candidate_errors": Verdict.INCONCLUSIVE}),
        decision=Decision.PROCEED,
        reason="it holds",
        by=person(Role.PRODUCT_OWNER, name="po"),
        now=now,
    )
    settings.ENVIRONMENT = "production"
    address = f"/rollout/sign-offs/{sign_off.pk}/"
    page = opens(person(Role.MANAGER, name="mo"), address)
    page.get_by_label("is taken on").fill("It was a quiet week.")
    page.get_by_role("button", name="Take on").click()
    expect(page.get_by_text("Took on the gate")).to_be_visible()
    signer = person(Role.QA_LEAD, name="qa")
    signer.set_password("a long pass phrase")
    signer.save()
    page = opens(signer, address)
    expect(page.get_by_text("mo: It was a quiet week.")).to_be_visible()
    for password, answer in (("another", "That is not your password"), ("a long pass phrase", "Signed.")):
        page.get_by_label("Your password, once more").fill(password)
        press(page, "Sign as QA lead")
        expect(page.get_by_text(answer).first).to_be_visible()
    assert sign_off.signatures.get().reauthenticated


def test_stagings_evidence_is_imported_and_production_starts(
    person: Person, opens: Opens, settings: Any, tmp_path: Path
) -> None:
    settings.ENVIRONMENT = "staging"
    with transaction.atomic():
        for _ in range(6):
            RestaurantFactory()
        reach(PhaseKey.STAGING_SHADOW)
        content, head = exported(signed_off())
        transaction.set_rollback(True)
    settings.ENVIRONMENT = "production"
    file = tmp_path / "staging.zip"
    file.write_bytes(content)
    page = opens(person(Role.PRODUCT_OWNER), "/rollout/")
    page.get_by_label("Bundle (zip)").set_input_files(file)
    page.get_by_label("Chain head").fill(f" {head.upper()}")
    press(page, "Verify and import")
    expect(page.get_by_text("The bundle holds and was imported.")).to_be_visible()
    expect(page.get_by_text("Staging, Staging full: verified, imported by ada")).to_be_visible()
    press(page, "Start")
    expect(page.locator(".say").first).to_contain_text("Production shadow")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    theme: str, size: tuple[int, int], half: Phase, person: Person, opens: Opens
) -> None:
    manager = person(Role.MANAGER, name="mo")
    manager.groups.add(Group.objects.get(name=Role.ON_CALL))
    stay = f"/rollout/phases/{half.number}/"
    looking.take(half, timezone.now())
    page = opens(manager, f"{stay}propose/", theme=theme, size=size)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    sign_off = put(half, person(Role.PRODUCT_OWNER, name="po"), Decision.HOLD)
    for path in (
        "/rollout/",
        stay,
        f"{stay}propose/",
        f"{stay}roll-back/",
        f"/rollout/sign-offs/{sign_off.pk}/",
        "/rollout/incidents/",
        "/rollout/policies/production_50/",
    ):
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
