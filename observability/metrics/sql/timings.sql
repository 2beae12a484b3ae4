-- Bins of what was timed in the minutes that begin in [start, end).
SELECT bin, sum(count)::bigint AS count FROM observability_timings
WHERE kind = %(kind)s AND minute >= %(start)s AND minute < %(end)s
GROUP BY bin
