-- a restaurant has more live runs than its limit (restaurants)
SELECT restaurant_id FROM assignment_slots WHERE lease_until > clock_timestamp()
GROUP BY restaurant_id HAVING count(*) > %(limit)s
