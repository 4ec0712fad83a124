"""What the file commands compute of a recording, and how they draw it."""
