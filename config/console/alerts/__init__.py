"""The alerts page: what fires, how each rule stands, and what fired before."""
