"""How bytes reach a service: the port, and the adapters that implement it. The only modules that import an HTTP library."""
