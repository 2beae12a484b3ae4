"""The metrics explorer."""
