"""The console page: what happens in the sandbox, for people who would rather look than read."""
