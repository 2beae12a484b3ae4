"""The floor page: one service of one restaurant, tables by time, and what people do there."""
