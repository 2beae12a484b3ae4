-- a confirmed booking holds no table, or another one does (bookings)
-- Completed and missed bookings have given the rest of their period back.
SELECT b.id
FROM bookings b
WHERE b.assignment_state = 'confirmed' AND b.status IN ('pending', 'confirmed', 'checked_in')
  AND NOT EXISTS (SELECT FROM booking_table_allocations a WHERE a.booking_id = b.id AND a.active)
UNION ALL
SELECT DISTINCT b.id
FROM booking_table_allocations a JOIN bookings b ON b.id = a.booking_id
WHERE a.active AND b.assignment_state NOT IN ('confirmed', 'assigned')
