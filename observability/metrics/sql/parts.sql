-- What adds to series in a window: whole buckets from the rollups, the rests from the rows.
SELECT r.bucket AS at, r.series, r.label, r.count, r.total, r.peak
FROM unnest(%(widths)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) p(width, start_at, end_at)
CROSS JOIN unnest(%(series)s::text[]) AS wanted(series)
-- OFFSET 0 keeps it a look into the index for each part: planned as a join, it reads the whole table.
CROSS JOIN LATERAL (
    SELECT * FROM observability_rollups r
    WHERE r.series = wanted.series AND r.restaurant_id = %(restaurant)s AND r.width = p.width
      AND r.bucket >= p.start_at AND r.bucket < p.end_at
    OFFSET 0
) r
{rows}
