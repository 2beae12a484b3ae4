-- Where a feed stands, unless another process is at it.
SELECT rolled_to, next_to, writers FROM observability_feeds WHERE feed = %(feed)s FOR UPDATE SKIP LOCKED
