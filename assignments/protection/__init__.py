"""What keeps concurrent workers out of each other's way."""
