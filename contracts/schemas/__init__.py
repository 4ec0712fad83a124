"""Generated: JSON Schema of each native message and the AsyncAPI description."""
