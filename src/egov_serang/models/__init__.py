"""What users hold: one module per service, all frozen pydantic models."""
