"""Events: what happened, who wants to know, and its delivery (contract-v1 section 1)."""
