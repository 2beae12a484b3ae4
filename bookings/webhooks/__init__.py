"""Webhooks: channels are told when their bookings change state, at least once and signed."""
