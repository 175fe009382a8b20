"""The commands of `egov` that reach a gateway, one module per group."""
