"""Imports: floor plans and bookings from files, by command and in the console."""
