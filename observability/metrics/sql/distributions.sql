-- Distributions by step of time and series, for series whose labels are bins: the bins in order, and their
-- counts. A row for each, for which `series` has as many as there are bins.
SELECT step, series, array_agg(bin ORDER BY bin) AS bins, array_agg(count ORDER BY bin) AS counts,
       sum(total) AS total, max(peak) AS peak
FROM (
    SELECT date_bin(%(step)s::interval, at, %(origin)s::timestamptz) AS step, series, label::int AS bin,
           sum(count)::bigint AS count, coalesce(sum(total), 0)::float8 AS total, max(peak) AS peak
    FROM (
        {parts}
    ) parts
    GROUP BY 1, 2, 3
) bins
GROUP BY step, series
