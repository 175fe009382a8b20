"""The Smart City gateway contract v1: the default wire of every service."""
