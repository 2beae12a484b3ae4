-- a booking whose acceptance was answered is not there (references)
SELECT accepted.reference
FROM unnest(%(accepted)s::text[]) AS accepted (reference)
WHERE NOT EXISTS (SELECT FROM bookings b WHERE b.reference = accepted.reference)
