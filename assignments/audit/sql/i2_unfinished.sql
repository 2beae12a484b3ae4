-- a booking is not final in time (bookings)
-- Counted from when it was received, or came back from a final state. Imported history takes no part.
SELECT b.id
FROM bookings b
WHERE b.assignment_state IS NOT NULL AND NOT b.assignment_state = ANY (%(final)s::text[])
  AND (%(within)s::interval IS NULL
       OR clock_timestamp() - %(within)s::interval > coalesce(
            (SELECT max(h.created_at) FROM booking_assignment_state_history h
             WHERE h.booking_id = b.id AND (h.from_state IS NULL OR h.from_state = ANY (%(final)s::text[]))),
            b.created_at))
