"""Complaints over Open311 GeoReport v2: another wire of the same calls."""
