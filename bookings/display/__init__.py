"""How bookings look on pages: words, shapes, times; used by the admin and the console's own pages."""
