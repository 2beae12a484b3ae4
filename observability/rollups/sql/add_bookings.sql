-- Counts the bookings above one id and up to another.
WITH rows AS (
    SELECT restaurant_id, at, series, label, value FROM ({bookings}) m
)
{add}
