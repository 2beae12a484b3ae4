"""Chaos: real worker processes and servers, broken on purpose; each run ends with the audit."""
