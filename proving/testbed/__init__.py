"""The system under test: servers, proxies and processes that can be killed."""
