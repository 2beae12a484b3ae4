-- history has a gap, or its end is not the booking's state and version (bookings)
SELECT b.id
FROM bookings b
LEFT JOIN (SELECT booking_id, count(*) AS steps, min(version) AS first, max(version) AS last
           FROM booking_assignment_state_history GROUP BY booking_id) h ON h.booking_id = b.id
LEFT JOIN booking_assignment_state_history latest ON latest.booking_id = b.id AND latest.version = h.last
WHERE CASE
    WHEN b.assignment_state IS NULL THEN h.steps IS NOT NULL  -- imported history was never assigned
    ELSE (h.steps, h.first, h.last, latest.to_state) IS DISTINCT FROM
         (b.assignment_state_version::bigint, 1, b.assignment_state_version, b.assignment_state)
END
