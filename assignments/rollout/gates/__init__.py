"""What the gates of a phase are measured from, and the looks at which they may pass."""
