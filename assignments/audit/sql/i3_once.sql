-- one revision of a booking is promised the same mail twice (bookings)
SELECT booking_id FROM outbox_messages GROUP BY booking_id, kind, revision HAVING count(*) > 1
