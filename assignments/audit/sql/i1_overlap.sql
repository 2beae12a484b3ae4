-- a table is held by two bookings at once (bookings)
-- One pass in the order of time instead of a join: as fast when the exclusion constraint and its index are gone.
SELECT booking_id
FROM (
    SELECT booking_id, lower(period) AS starts,
           max(upper(period)) OVER (PARTITION BY table_id ORDER BY lower(period), id
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_until
    FROM booking_table_allocations
    WHERE active
) held
WHERE starts < taken_until
