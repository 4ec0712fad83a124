"""The commands `tachowatt bench` and `tachowatt fault`, found by entry point."""
