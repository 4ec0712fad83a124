"""What several commands use; no command itself."""
