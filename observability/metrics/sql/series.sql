-- Sums by step of time, series and label.
-- A window that is not divided is one step.
SELECT date_bin(%(step)s::interval, at, %(origin)s::timestamptz) AS step, series, label,
       sum(count)::bigint AS count, coalesce(sum(total), 0)::float8 AS total, max(peak) AS peak
FROM (
    {parts}
) parts
GROUP BY 1, 2, 3
