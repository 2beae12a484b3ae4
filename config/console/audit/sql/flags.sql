-- Changes of flags by people, commands and the guard. A value that is an object is told by its percentage.
SELECT c.id,
       c.created_at AS at,
       c.author AS actor,
       'flag' AS kind,
       coalesce(r.name, 'all restaurants') AS about,
       NULL::text AS reference,
       c.restaurant_id,
       'changed ' || CASE c.flag WHEN 'v3' THEN 'V3' ELSE replace(c.flag, '_', ' ') END || ', version ' || c.version AS what,
       NULL::smallint AS flag,
       coalesce(trim_scale((c.from_value ->> 'percentage')::numeric) || ' %%', c.from_value #>> '{}') AS before,
       coalesce(trim_scale((c.to_value ->> 'percentage')::numeric) || ' %%', c.to_value #>> '{}') AS after,
       c.reason
FROM assignment_flag_changes c
LEFT JOIN restaurants r ON r.id = c.restaurant_id
