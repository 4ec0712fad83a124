"""Routes of a back office: the registry in bulk, and what has changed."""
