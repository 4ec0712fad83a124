"""The system that faults are tried on: servers, proxies and processes that can be killed."""
