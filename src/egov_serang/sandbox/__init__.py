"""A small city on loopback: contract v1, really checked, for development and tests only."""
