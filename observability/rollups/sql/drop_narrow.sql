-- Drops some of the narrow buckets that are too old to be read.
DELETE FROM observability_rollups WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM observability_rollups
    WHERE (width = 60 OR (width = 3600 AND restaurant_id > 0)) AND bucket < {narrow_from}
    ORDER BY bucket LIMIT %(most)s))
