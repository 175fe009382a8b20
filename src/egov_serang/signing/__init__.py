"""Signatures: our RFC 9421 profile for messages, and the keys it uses."""
