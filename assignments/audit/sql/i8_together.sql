-- the transaction that wrote a comparison wrote something else about the booking (bookings)
-- xmin is the writing transaction, of each row's latest version.
SELECT c.booking_id
FROM shadow_comparisons c JOIN bookings b ON b.id = c.booking_id AND b.xmin = c.xmin
UNION
SELECT c.booking_id
FROM shadow_comparisons c
JOIN booking_assignment_state_history h ON h.booking_id = c.booking_id AND h.xmin = c.xmin
UNION
SELECT c.booking_id
FROM shadow_comparisons c JOIN booking_assignment_attempts a ON a.booking_id = c.booking_id AND a.xmin = c.xmin
UNION
SELECT c.booking_id
FROM shadow_comparisons c JOIN booking_table_allocations a ON a.booking_id = c.booking_id AND a.xmin = c.xmin
UNION
SELECT c.booking_id
FROM shadow_comparisons c JOIN outbox_messages m ON m.booking_id = c.booking_id AND m.xmin = c.xmin
