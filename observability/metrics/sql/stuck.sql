-- Bookings on their way that have not moved for a while, by state.
SELECT assignment_state AS state, count(*) AS count, max(%(now)s - updated_at) AS longest
FROM bookings
WHERE assignment_state IS NOT NULL
  AND NOT (assignment_state IN ('cancelled', 'confirmed', 'manual_review') AND assignment_state IS NOT NULL)
  AND updated_at <= %(now)s::timestamptz - %(after)s::interval
  AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
GROUP BY 1
ORDER BY 2 DESC, 1
