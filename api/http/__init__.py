"""HTTP itself: authentication, problems, paging, idempotency, limits, streams of changes."""
