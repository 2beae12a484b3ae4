"""The console's own pages and what every page of it shows around them."""
