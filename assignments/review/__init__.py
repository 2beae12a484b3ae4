"""Bookings that wait for people."""
