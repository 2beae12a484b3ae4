"""The embedded servers of the local environment: PostgreSQL and a Redis-compatible server.

`addresses` computes where they listen without starting anything, so that settings can be read at
no cost. The first connection starts them (`postgresql.base`, `redis`); `services` starts, stops and
describes them on request. `keeper` holds the rules both servers share.
"""
