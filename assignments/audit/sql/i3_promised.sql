-- a confirmed booking with an address is promised no mail about it (bookings)
-- A change is told by a mail of its own kind. What was taken back tells nothing, but a missed booking needs none.
SELECT b.id
FROM bookings b
WHERE b.assignment_state = 'confirmed' AND b.guest_email <> ''
  AND NOT EXISTS (SELECT FROM outbox_messages m
                  WHERE m.booking_id = b.id AND m.revision = b.revision
                    AND m.kind IN ('confirmation', 'changed')
                    AND (m.status <> 'void' OR b.status = 'no_show'))
