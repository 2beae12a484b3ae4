"""Stuck bookings: those that nobody will come back for by themselves, why, and what people do about them."""
