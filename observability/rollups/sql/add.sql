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
    VALUES (60, 0::bigint, false, true), (3600, 0, false, false), (86400, 0, false, false),
           (3600, restaurant_id, true, true), (86400, restaurant_id, true, false)
) w(width, of_restaurant, of_one, narrow)
WHERE (NOT of_one OR restaurant_id > 0)
  -- Narrow buckets of days long ago would be dropped at once.
  AND (NOT narrow OR minute >= {narrow_from})
GROUP BY 1, 2, 3, 4, 5
-- What is read together lies together.
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (series, restaurant_id, width, bucket, label) DO UPDATE SET
    count = r.count + excluded.count,
    total = r.total + excluded.total,
    peak = greatest(r.peak, excluded.peak)
