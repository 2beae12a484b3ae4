"""The page of stuck bookings and what people do there."""
