"""The figures for Prometheus, read from the database when it asks.

So they are the same whichever of any number of web processes answers, and those of the workers are in
them. Labels are codes of a bounded number; nothing is told of a single booking or guest.
"""
