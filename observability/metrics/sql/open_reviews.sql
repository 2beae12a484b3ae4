-- Bookings in review by the reason they came there, with their ages since.
SELECT coalesce(h.reason, '') AS reason, array_agg(greatest(%(now)s - h.created_at, interval '0')) AS ages
FROM bookings b
JOIN booking_assignment_state_history h
    ON h.booking_id = b.id AND h.version = b.assignment_state_version
WHERE b.assignment_state = 'manual_review'
  AND (%(restaurant)s = 0 OR b.restaurant_id = %(restaurant)s)
GROUP BY 1
ORDER BY count(*) DESC, 1
