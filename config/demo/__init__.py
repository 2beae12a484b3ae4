"""The local stage: demo restaurants, people, an evening's bookings and the processes that serve them."""
