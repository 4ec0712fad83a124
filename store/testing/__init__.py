"""Support for benchmarks: measurements in the database, and data that fill it."""
