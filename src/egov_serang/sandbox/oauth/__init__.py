"""The authorization server: who a client is, what it is granted, and what the server says of itself.

A new grant is a file of its own and a line in `table.GRANTS`; a new endpoint a router of its own and a line in
`routers.ROUTERS`.
"""
