-- a confirmation is promised though the booking was never confirmed, or never had that revision (bookings)
SELECT m.booking_id
FROM outbox_messages m JOIN bookings b ON b.id = m.booking_id
WHERE m.kind = 'confirmation'
  AND (m.revision > b.revision
       OR NOT EXISTS (SELECT FROM booking_assignment_state_history h
                      WHERE h.booking_id = m.booking_id AND h.to_state = 'confirmed'))
