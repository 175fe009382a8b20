"""Many calls, and calls made later: the outbox."""
