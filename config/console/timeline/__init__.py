"""A booking's whole story on one page, and as a file."""
