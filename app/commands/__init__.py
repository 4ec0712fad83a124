"""The `tachowatt` commands: one file each, found by `app.cli`."""
