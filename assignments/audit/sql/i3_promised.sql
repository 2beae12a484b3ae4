-- a confirmed booking with an address is promised no mail about it (bookings)
-- A change that keeps the state is told by a mail of its own kind at the same revision.
SELECT b.id
FROM bookings b
WHERE b.assignment_state = 'confirmed' AND b.guest_email <> ''
  AND NOT EXISTS (SELECT FROM outbox_messages m
                  WHERE m.booking_id = b.id AND m.revision = b.assignment_state_version
                    AND m.kind IN ('confirmation', 'changed'))
