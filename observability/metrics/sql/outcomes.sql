-- What each outcome adds; `label` is path, outcome and reason.
SELECT o.event_id AS id, o.restaurant_id, o.at, m.series, m.label, m.value
FROM ({rows}) o
CROSS JOIN LATERAL (
    SELECT 'outcome' AS series, concat_ws('>', o.path, o.outcome, o.reason) AS label, o.waited_ms AS value
    UNION ALL
    SELECT 'outcome_time', log_bin(o.waited_ms), o.waited_ms WHERE o.waited_ms IS NOT NULL
) m
