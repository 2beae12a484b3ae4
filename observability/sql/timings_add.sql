-- Adds one process's counts to those of a minute.
INSERT INTO observability_timings (kind, minute, bin, count)
SELECT kind, %(minute)s, bin, count
FROM unnest(%(kinds)s::text[], %(bins)s::int[], %(counts)s::int[]) AS timed (kind, bin, count)
ON CONFLICT (kind, minute, bin) DO UPDATE SET count = observability_timings.count + excluded.count
