"""The review pages: the queue, one case, and what people do there."""
