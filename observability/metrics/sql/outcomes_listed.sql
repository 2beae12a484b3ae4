-- Every outcome of one path in the window: what the rates count.
SELECT booking_id, restaurant_id, outcome, reason, at
FROM (
    SELECT booking_id, restaurant_id, path, outcome, reason, at FROM observability_outcomes
    WHERE at >= %(start)s AND at < %(end)s
    UNION ALL
    SELECT booking_id, restaurant_id, path, outcome, reason, at FROM {new_outcomes} reached
    WHERE at >= %(start)s AND at < %(end)s
) outcomes
WHERE path = %(path)s AND restaurant_id IS NOT NULL
ORDER BY at, booking_id
