"""Signed webhooks (Standard Webhooks 1.0.0)."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from standardwebhooks import Webhook

from contacts.channels import retry_after, targets
from contacts.channels.sending import Next, Result
from runtime.clock import US_PER_S, Clock
from runtime.settings import Settings
from store.postgres.times import from_us

USER_AGENT = "Tachowatt-Webhooks/1.0"
"""Some firewalls refuse requests without one."""

_MAX_RESPONSE_BYTES = 4_096
_MAX_DETAIL = 200
_READ_S = 2.0
"""Time limit for reading a response body; the status alone decides the result."""
_GONE = 410
_JSON, _CLOUD_EVENT = "application/json", "application/cloudevents+json"


class Sender:
    """Posts to receivers, with one HTTP client each, so that receivers never share connections."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._timeout_s = settings.webhook_timeout_s
        self._allowed = targets.networks(settings.webhook_private_networks)
        self._clients: dict[int, httpx.AsyncClient] = {}
        # Created in advance: loading all certificates takes 0.1 s.
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._limits = httpx.Limits(
            max_connections=settings.webhook_concurrency,
            max_keepalive_connections=settings.webhook_concurrency,
            keepalive_expiry=30.0,
        )

    async def send(self, contact: Mapping[str, Any]) -> Result:
        """Attempt once, within the timeout. A redirect is not followed; it fails the attempt."""
        try:
            return await self._post(contact)
        except (TimeoutError, httpx.TimeoutException):
            return Result(Next.RETRY, "timeout", None, f"no answer in {self._timeout_s:g} s")
        except targets.Refused as error:
            return Result(Next.FAIL, "target_refused", None, str(error))
        except targets.Unresolved as error:
            return Result(Next.RETRY, "not_resolved", None, str(error))
        except httpx.ConnectError as error:
            return Result(Next.RETRY, "not_connected", None, str(error))
        except httpx.RemoteProtocolError as error:
            return Result(Next.RETRY, "no_http", None, str(error))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Result(Next.RETRY, "broken_off", None, f"{type(error).__name__}: {error}")

    async def _post(self, contact: Mapping[str, Any]) -> Result:
        async with asyncio.timeout(self._timeout_s):
            target = await targets.check(contact["url"], self._allowed)
            response = await self._request(contact, target)
        try:
            return await self._to_result(response)
        finally:
            await response.aclose()

    async def _request(self, contact: Mapping[str, Any], target: targets.Target) -> httpx.Response:
        """Send the signed request and return the response, whose body is still unread.

        Its body is the contact's `event`, a CloudEvent as text, where it has one.
        """
        event = contact.get("event")
        body = body_of(contact["payload"]) if event is None else event
        signed = headers(contact["contact_id"], body, contact["secrets"], self._clock.now_us())
        client = self._client(contact["receiver_id"])
        request = client.build_request(
            "POST",
            target.url,
            content=body.encode(),
            headers={
                "host": target.host,
                "content-type": _JSON if event is None else _CLOUD_EVENT,
                **signed,
            },
            timeout=self._timeout_s,
            extensions={"sni_hostname": target.name},
        )
        return await client.send(request, stream=True)

    async def _to_result(self, response: httpx.Response) -> Result:
        status = response.status_code
        if response.is_success:
            await _read(response)  # to its end, so that the connection can be reused
            return Result(Next.DONE, "delivered", status)
        answer = await _read(response)
        if status == _GONE:
            return Result(Next.DISABLE, "gone", status, "the receiver wants no more webhooks")
        if response.is_redirect or 300 <= status < 400:
            return Result(Next.RETRY, "redirect", status, "redirects are not followed")
        wait_s = retry_after.seconds_of(response.headers.get("retry-after"), self._clock.now_us())
        return Result(Next.RETRY, "status", status, answer, wait_s)

    def _client(self, receiver_id: int) -> httpx.AsyncClient:
        if receiver_id not in self._clients:
            self._clients[receiver_id] = httpx.AsyncClient(
                verify=self._tls,
                follow_redirects=False,
                trust_env=False,  # a proxy would connect to unchecked addresses
                limits=self._limits,
                headers={"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "identity"},
            )
        return self._clients[receiver_id]

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


def body_of(payload: Mapping[str, Any]) -> str:
    """Serialise the body, as it is signed and sent."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data")}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))


def headers(id_: str, body: str, secrets: Sequence[str], now_us: int) -> dict[str, str]:
    """Build the signing headers, with a signature for each valid secret to allow key rotation.

    Raises ValueError if there is no secret.
    """
    if not secrets:
        raise ValueError("the receiver has no secret in force")
    at = from_us(now_us)  # in UTC: the package assumes UTC for every time
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(now_us // US_PER_S),
        "webhook-signature": " ".join(Webhook(secret).sign(id_, at, body) for secret in secrets),
    }


async def _read(response: httpx.Response) -> str:
    """Return the beginning of a response body on one line; "" if reading it fails, since its status
    decides the result."""
    found = b""
    try:
        async with asyncio.timeout(_READ_S):
            async for chunk in response.aiter_raw():
                found += chunk
                if len(found) >= _MAX_RESPONSE_BYTES:
                    break
    except (httpx.HTTPError, OSError):  # TimeoutError is an OSError
        return ""
    return " ".join(found.decode("utf-8", "replace").split())[:_MAX_DETAIL]
