"""What must hold on any database, whatever failed: asked in SQL, after the fact."""

from django.db import connection

#: Each query lists the breaches of one invariant.
BREACHES = {
    "I1: two active allocations of a table overlap": """
        SELECT a.id FROM booking_table_allocations a JOIN booking_table_allocations b
          ON a.table_id = b.table_id AND a.id < b.id AND a.period && b.period
        WHERE a.active AND b.active""",
    "I1: a confirmed booking holds no table, or another one does": """
        SELECT b.id FROM bookings b WHERE b.assignment_state IS NOT NULL
          AND (b.assignment_state = 'confirmed') <> EXISTS (
            SELECT FROM booking_table_allocations a WHERE a.booking_id = b.id AND a.active)""",
    "I2: a booking is not final": """
        SELECT id FROM bookings
        WHERE assignment_state NOT IN ('confirmed', 'manual_review', 'cancelled')""",
    "I3: a confirmed booking with an address has not one confirmation": """
        SELECT b.id FROM bookings b WHERE b.assignment_state = 'confirmed' AND b.guest_email <> ''
          AND 1 <> (SELECT count(*) FROM outbox_messages m
                    WHERE m.booking_id = b.id AND m.kind = 'confirmation'
                      AND m.status IN ('sent', 'unknown'))""",
    "I4: history has a gap, or its end is not the booking's state": """
        SELECT b.id FROM bookings b LEFT JOIN LATERAL (
            SELECT count(*) AS n, max(version) AS last,
                   (array_agg(to_state ORDER BY version DESC))[1] AS state
            FROM booking_assignment_state_history h WHERE h.booking_id = b.id) h ON true
        WHERE b.assignment_state IS NOT NULL
          AND (h.n, h.last, h.state) IS DISTINCT FROM
              (b.assignment_state_version::bigint, b.assignment_state_version, b.assignment_state)""",
    "I4: a step does not start where the one before ended": """
        SELECT id FROM (SELECT id, from_state,
                               lag(to_state) OVER (PARTITION BY booking_id ORDER BY version) AS before
                        FROM booking_assignment_state_history) h
        WHERE from_state IS DISTINCT FROM before""",
    "I5: transition events are not the history": """
        (SELECT booking_id, version FROM booking_assignment_state_history WHERE version > 1
         EXCEPT SELECT booking_id, (context->>'version')::int FROM observability_events
                WHERE event_type = 'booking.assignment_state_transition')
        UNION ALL
        (SELECT booking_id, (context->>'version')::int FROM observability_events
         WHERE event_type = 'booking.assignment_state_transition'
         EXCEPT SELECT booking_id, version FROM booking_assignment_state_history)""",
    "I6: more live leases than the limit": """
        SELECT restaurant_id FROM assignment_slots WHERE lease_until > clock_timestamp()
        GROUP BY restaurant_id HAVING count(*) > 3""",
}


def breaches(*, unfinished: bool = False) -> dict[str, list[int]]:
    """Invariants that do not hold, with the ids that show it; `unfinished` leaves I2 and I3 out."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in BREACHES.items():
            if unfinished and name.startswith(("I2", "I3")):
                continue
            cursor.execute(query)
            rows = [row[0] for row in cursor.fetchall()]
            if rows:
                found[name] = rows
    return found
