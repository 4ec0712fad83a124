"""The title of each problem type: the same for all occurrences of a code (RFC 9457, 3.1.3)."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "bad_cursor": "The cursor is none of this list",
    "bad_http": "The request is no HTTP/1.1",
    "bad_if_match": "If-Match is no ETag",
    "bad_last_event_id": "Last-Event-ID is no id of this stream",
    "changes_forgotten": "The changes are not kept any more",
    "csrf": "The form is of another site or session",
    "forbidden": "The page belongs to another role",
    "id_reused": "The id was used for another content",
    "idempotency_key_missing": "The Idempotency-Key is missing",
    "idempotency_key_reused": "The Idempotency-Key was used for another request",
    "in_flight": "The same request is still in progress",
    "internal": "Internal error",
    "invalid": "A value is invalid",
    "merged": "The customer is merged into another one",
    "method_not_allowed": "The path does not have this method",
    "missing_scope": "The key does not have the required scope",
    "no_such_path": "There is no such path",
    "not_allowed_now": "The state does not allow this",
    "not_found": "Not found, or not visible to this key",
    "not_json": "The body is not JSON",
    "provider_away": "The OpenID provider cannot be reached",
    "rate_limited": "Too many requests",
    "reading_questioned": "The reading is unusual and not confirmed",
    "refused": "The request was refused",
    "stale": "The resource has changed",
    "store_away": "The database cannot be reached",
    "too_large": "The body is too large",
    "too_slow": "The request was not complete in time",
    "unauthorised": "There is no valid key",
    "weak_etag": "A weak ETag never matches",
    "unknown_parameter": "A query parameter is not known",
    "wrong_host": "The server does not answer for this host",
}
"""Code → title."""
