-- Changes of flags that somebody proposed to a second person.
SELECT p.id,
       p.created_at AS at,
       u.username AS actor,
       'flag' AS kind,
       coalesce(r.name, 'all restaurants') AS about,
       NULL::text AS reference,
       r.id AS restaurant_id,
       'proposed a change, proposal ' || p.id AS what,
       NULL::smallint AS flag,
       'version ' || p.base_version AS before,
       (p.wanted ->> 'action') || coalesce(' ' || trim_scale((p.wanted ->> 'percentage')::numeric) || ' %%', '') AS after,
       p.reason
FROM assignment_flag_proposals p
JOIN auth_user u ON u.id = p.proposer_id
LEFT JOIN restaurants r ON r.id = (p.wanted ->> 'restaurant_id')::bigint
