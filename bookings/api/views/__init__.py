"""The operations. Each method reads the request, calls one use case and writes the answer."""
