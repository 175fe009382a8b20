"""Permits as the sandbox serves them (contract-v1 section 3)."""
