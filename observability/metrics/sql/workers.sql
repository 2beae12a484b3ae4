-- Worker processes of whose life there was a sign lately, those of them that run older flags than there
-- are, and the version of the flags.
SELECT count(w.worker) AS live, count(w.worker) FILTER (WHERE w.version < f.version) AS behind, f.version
FROM (SELECT coalesce(max(version), 0) AS version FROM assignment_flags) f
LEFT JOIN assignment_flag_acknowledgements w
       ON w.seen_at > clock_timestamp() - %(live_for)s::interval
GROUP BY f.version
