-- a transition is not legal, or starts where the one before did not end (bookings)
SELECT booking_id
FROM (
    SELECT booking_id, version, from_state, to_state,
           lag(to_state) OVER (PARTITION BY booking_id ORDER BY version) AS before
    FROM booking_assignment_state_history
) step
LEFT JOIN unnest(%(legal_from)s::text[], %(legal_to)s::text[]) AS legal (origin, target)
       ON legal.origin = from_state AND legal.target = to_state
WHERE from_state IS DISTINCT FROM before
   OR CASE WHEN version = 1 THEN to_state <> 'created' ELSE legal.origin IS NULL END
