-- How long the first booking has waited that came in after the latest event (ids follow time), and whether
-- any came in at all in the last day. Imported history has no state and tells nothing.
SELECT count(*) AS received,
       max(%(now)s::timestamptz - created_at) FILTER (
           WHERE created_at > coalesce((SELECT created_at FROM observability_events ORDER BY id DESC LIMIT 1),
                                       '-infinity')) AS untold
FROM bookings
WHERE created_at >= %(now)s::timestamptz - interval '1 day' AND created_at <= %(now)s
  AND assignment_state IS NOT NULL
