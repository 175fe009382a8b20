"""How bytes reach a service: the port and its adapters. The only modules that import an HTTP library."""
