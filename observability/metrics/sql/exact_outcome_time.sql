-- From receipt to outcome, each booking.
SELECT count(value) AS count, avg(value)::float8 AS mean, max(value) AS longest,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY value) AS p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY value) AS p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY value) AS p99
FROM (
    SELECT waited_ms AS value
    FROM (SELECT waited_ms, at, restaurant_id FROM observability_outcomes
          UNION ALL
          SELECT waited_ms, at, restaurant_id FROM {new_outcomes} reached) o
    WHERE at >= %(start)s AND at < %(end)s AND (%(restaurant)s = 0 OR restaurant_id = %(restaurant)s)
) timed
