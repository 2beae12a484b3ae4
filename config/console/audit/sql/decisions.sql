-- What became of proposals; those that became void by themselves have no actor.
SELECT d.id,
       d.created_at AS at,
       coalesce(u.username, '') AS actor,
       'flag' AS kind,
       coalesce(r.name, 'all restaurants') AS about,
       NULL::text AS reference,
       r.id AS restaurant_id,
       'decided on proposal ' || p.id AS what,
       NULL::smallint AS flag,
       'waiting' AS before,
       d.outcome || coalesce(', version ' || d.version, '') AS after,
       d.reason
FROM assignment_flag_decisions d
JOIN assignment_flag_proposals p ON p.id = d.proposal_id
LEFT JOIN auth_user u ON u.id = d.actor_id
LEFT JOIN restaurants r ON r.id = (p.wanted ->> 'restaurant_id')::bigint
