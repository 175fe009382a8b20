"""The city's Open311 facade (GeoReport v2): the same complaints, for the world's other clients."""
