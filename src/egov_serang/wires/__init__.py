"""Wires: how an operation is said to one kind of server. Pure: they build requests and read answers."""
