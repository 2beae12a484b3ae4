"""The HTTP API for channels, version 1: how requests are read, checked and answered.

Nothing is decided here: use cases of the floor do the work, this room translates. Its parts:
`tokens` and `authentication` say who asks, `scope` what they may see, `requests` reads bodies,
`answers` writes them, `problems` writes every refusal in one form, `idempotency` answers repeats,
`schema` describes it all.
"""
