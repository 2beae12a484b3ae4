-- Sums by series and label over all time: every day in the rollups, and the rows they do not hold yet.
-- Grouped apart, because a year is summed eight times as fast as by the statement for windows.
SELECT series, label, sum(count)::bigint AS count, coalesce(sum(total), 0)::float8 AS total, max(peak) AS peak
FROM (
    SELECT NULL::timestamptz AS at, series, label, sum(count) AS count, sum(total) AS total, max(peak) AS peak
    FROM observability_rollups
    WHERE series = ANY(%(series)s) AND restaurant_id = %(restaurant)s AND width = %(width)s
    GROUP BY series, label
    {rows}
) parts
GROUP BY 1, 2
