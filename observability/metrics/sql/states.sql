-- Bookings received in a window, by the state they are in now.
SELECT assignment_state AS state, count(*) AS count
FROM bookings
WHERE created_at >= %(start)s AND created_at < %(end)s AND assignment_state IS NOT NULL
  AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
GROUP BY assignment_state
ORDER BY count(*) DESC, assignment_state
