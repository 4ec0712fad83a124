"""Static files of the pages: our own, and Plotly from its wheel."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"
_GUARD = re.compile(rb'getElementById\("([0-9a-f]{64})"\)\)\{var \w+=document\.createElement\("st')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its URL path. Its path changes with its content, so it is cached forever."""

    path: str
    media_type: str
    body: bytes
    zipped: bytes


@dataclass(frozen=True, slots=True)
class Plotly:
    """Plotly's bundle. guard : id of an element; a page without it gets the styles of Plotly's maps
    injected, which our Content-Security-Policy forbids (docs/adr/0013). Empty if the bundle has no
    such styles."""

    asset: Asset
    guard: str

    @property
    def path(self) -> str:
        """Its URL path."""
        return self.asset.path


def _asset(path: str, body: bytes) -> Asset:
    return Asset(path, _TYPES[path.rsplit(".", 1)[1]], body, gzip.compress(body, 6, mtime=0))


@cache
def own() -> dict[str, Asset]:
    """Return our own files by name."""
    found = {}
    for file in resources.files("api.pages").joinpath("static").iterdir():
        if file.name.rsplit(".", 1)[-1] in _TYPES:
            body = file.read_bytes()
            name, ending = file.name.rsplit(".", 1)
            digest = hashlib.blake2b(body, digest_size=6).hexdigest()
            found[file.name] = _asset(f"/static/{name}-{digest}.{ending}", body)
    return found


@cache
def plotly() -> Plotly:
    """Return the installed Plotly; read and compressed on the first request."""
    version = metadata.version("plotly")
    body = resources.files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    guard = _GUARD.search(body)
    return Plotly(
        _asset(f"/static/plotly-{version}.min.js", body), guard[1].decode() if guard else ""
    )


def serve(request: Request) -> Response:
    """GET /static/{name}"""
    path = request.url.path
    asset = next((each for each in own().values() if each.path == path), None)
    if asset is None and path.startswith("/static/plotly-") and plotly().path == path:
        asset = plotly().asset
    if asset is None:
        return PlainTextResponse("not found", 404)
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.zipped, 200, headers, asset.media_type)
    return Response(asset.body, 200, headers, asset.media_type)


def favicon(_: Request) -> Response:
    """GET /favicon.ico and /favicon.svg, which browsers request by default."""
    asset = own()["favicon.svg"]
    return Response(asset.body, 200, {"Cache-Control": "public, max-age=86400"}, asset.media_type)
