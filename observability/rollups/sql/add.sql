-- Adds rows to the buckets they belong to.
INSERT INTO observability_rollups AS r (series, restaurant_id, width, bucket, label, count, total, peak)
SELECT series, of_restaurant, width, date_bin(make_interval(secs => width), minute, 'epoch'), label,
       sum(count), sum(total), max(peak)
FROM (
    SELECT series, label, coalesce(restaurant_id, 0) AS restaurant_id,
           date_bin('1 minute', at, 'epoch') AS minute,
           count(*) AS count, coalesce(sum(value), 0) AS total, max(value) AS peak
    FROM rows GROUP BY 1, 2, 3, 4
) by_minute
CROSS JOIN LATERAL (
    VALUES (60, 0::bigint, false), (3600, 0, false), (86400, 0, false),
           (3600, restaurant_id, true), (86400, restaurant_id, true)
) w(width, of_restaurant, of_one)
WHERE NOT of_one OR restaurant_id > 0
GROUP BY 1, 2, 3, 4, 5
-- What is read together lies together.
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (series, restaurant_id, width, bucket, label) DO UPDATE SET
    count = r.count + excluded.count,
    total = r.total + excluded.total,
    peak = greatest(r.peak, excluded.peak)
