"""Pictures of the console for the README: an evening made up for them, and a camera."""
