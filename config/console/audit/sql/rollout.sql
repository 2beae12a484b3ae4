-- Records of the rollout's chain: by people, commands, the guard and the gates.
SELECT e.id,
       e.at,
       e.author AS actor,
       'rollout' AS kind,
       coalesce(replace(p.key, '_', ' ') || ', stay ' || p.number, 'the rollout') AS about,
       NULL::text AS reference,
       NULL::bigint AS restaurant_id,
       replace(replace(e.kind, '.', ' '), '_', ' ') || ', record ' || e.number AS what,
       NULL::smallint AS flag,
       NULL::text AS before,
       NULL::text AS after,
       coalesce(e.body ->> 'reason', e.body ->> 'why', e.body ->> 'sentence', e.body ->> 'title', '') AS reason
FROM rollout_ledger e
LEFT JOIN rollout_phases p ON p.id = e.phase_id
