-- How long no worker was heard of, by the database's clock; null if none ever was.
SELECT clock_timestamp() - max(seen_at) AS silent FROM assignment_flag_acknowledgements
