"""Scenarios of the contract, run against any server that says it keeps it: see `egov conformance`."""
