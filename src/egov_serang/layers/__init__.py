"""The layers every call passes, outermost first: deadline, idempotency, retry, auth, answers, signature, wire log.

Telemetry stands around them, where the application wants it.
"""
