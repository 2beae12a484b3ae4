-- Counts the events above one id and up to another, and the outcomes they brought.
WITH reached AS (
    INSERT INTO observability_outcomes
        (booking_id, event_id, restaurant_id, at, path, outcome, reason, waited_ms)
    {first_outcomes}
    RETURNING event_id, restaurant_id, at, path, outcome, reason, waited_ms
), rows AS (
    SELECT restaurant_id, at, series, label, value FROM ({events}) m
    UNION ALL
    SELECT restaurant_id, at, series, label, value FROM ({outcomes}) m
)
{add}
