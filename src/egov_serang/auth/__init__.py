"""OAuth 2 for machines: credentials, and tokens fetched once for everybody."""
