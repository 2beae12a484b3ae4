"""A guest's data: where it stands, what of it is handed out on request, how it is erased.

`data_map` classifies every column of every table, `identity` says whom a request is about, `rows` and
`files` find and replace, `guests` holds the use cases, `retention` forgets guests of long ago.
"""
