"""PostgreSQL itself: pool, roles, binary COPY, errors, notifications, engine."""
