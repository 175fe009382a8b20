"""Civil registration as the sandbox serves it (contract-v1 section 4, second half)."""
