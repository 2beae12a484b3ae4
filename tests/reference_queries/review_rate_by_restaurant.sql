-- Manual review rate vs restaurant
select restaurant_id,
       count(*) filter (where event_type = 'coordinator.manual_review') as manual_reviews,
       count(*) filter (where event_type = 'coordinator.confirmed')     as confirmed,
       round(
         100 * count(*) filter (where event_type = 'coordinator.manual_review')::numeric /
         nullif(count(*) filter (where event_type = 'coordinator.confirmed'), 0),
         2
       ) as percent_manual
from observability_events
where source = 'assignment.coordinator'
  and created_at >= now() - interval '24 hours'
group by 1
order by manual_reviews desc;
