"""Who may decide about a change, and who may make it: pure rules."""
