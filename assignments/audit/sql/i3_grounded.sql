-- a confirmation is promised for a revision at which the booking was not confirmed (bookings)
SELECT m.booking_id
FROM outbox_messages m
WHERE m.kind = 'confirmation'
  AND NOT EXISTS (SELECT FROM booking_assignment_state_history h
                  WHERE h.booking_id = m.booking_id AND h.version = m.revision AND h.to_state = 'confirmed')
