"""The page of guests' requests: what is known about them, handing it out, forgetting it."""
