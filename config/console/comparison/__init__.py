"""The comparison explorer: what V3 would have done with the bookings that legacy decided."""
