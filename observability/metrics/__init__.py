"""Metrics: what happened in a window of time, right to the event, cheap at any number of them.

Each figure is a typed function over a `Window`; its SQL stands in a file beside it. Figures come from
the rollups (`observability.rollups`) and, for what those do not hold yet, from the rows themselves.
"""
