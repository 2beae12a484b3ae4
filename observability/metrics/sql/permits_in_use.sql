-- Live runs by restaurant.
SELECT restaurant_id, count(*) AS count
FROM assignment_slots
WHERE lease_until > clock_timestamp()
GROUP BY restaurant_id
ORDER BY count(*) DESC, restaurant_id
