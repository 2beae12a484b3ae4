"""A case opens with the transition into review and closes with the one out of it, in their transaction."""

from django.db import migrations

FOLLOW = """
CREATE FUNCTION review_cases_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.from_state = 'manual_review' THEN
        UPDATE review_cases
        SET closed_at = NEW.created_at, closed_to = NEW.to_state, closed_by_id = NEW.actor_id,
            owner_id = NULL, claimed_until = NULL
        WHERE booking_id = NEW.booking_id AND closed_at IS NULL;
    ELSE
        INSERT INTO review_cases (booking_id, opened_version, opened_at, reason)
        VALUES (NEW.booking_id, NEW.version, NEW.created_at, NEW.reason)
        -- A second way into review without one out of it is the audit's to find, not the writer's.
        ON CONFLICT (booking_id) WHERE closed_at IS NULL DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_cases_follow AFTER INSERT ON booking_assignment_state_history
    FOR EACH ROW WHEN (NEW.from_state = 'manual_review' OR NEW.to_state = 'manual_review')
    EXECUTE FUNCTION review_cases_follow();

-- Bookings that are in review already.
INSERT INTO review_cases (booking_id, opened_version, opened_at, reason)
SELECT b.id, h.version, h.created_at, h.reason
FROM bookings b JOIN booking_assignment_state_history h
    ON h.booking_id = b.id AND h.version = b.assignment_state_version
WHERE b.assignment_state = 'manual_review';
"""


class Migration(migrations.Migration):
    dependencies = [("assignments", "0040_review"), ("bookings", "0008_changes")]

    operations = [migrations.RunSQL(FOLLOW, "DROP FUNCTION review_cases_follow() CASCADE")]
