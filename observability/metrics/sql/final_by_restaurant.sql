-- By restaurant: bookings received in the window, and those of them that are in a final state now.
SELECT restaurant_id, count(*) FILTER (WHERE assignment_state = ANY(%(final)s))::bigint AS final,
       count(*)::bigint AS count
FROM bookings
WHERE created_at >= %(start)s AND created_at < %(end)s AND assignment_state IS NOT NULL
GROUP BY 1
