"""Population identity as the sandbox serves it (contract-v1 section 4)."""
