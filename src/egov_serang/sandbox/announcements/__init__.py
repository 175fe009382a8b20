"""Public information as the sandbox serves it (contract-v1 section 5)."""
