"""`egov demo`: one story through all four services, against a sandbox of its own."""
