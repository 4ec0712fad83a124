"""What a browser loads for the pages: our few files, and Plotly from its wheel."""

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
    """A file with its address; the address changes with the bytes, so that it may be kept."""

    path: str
    media_type: str
    body: bytes
    zipped: bytes


@dataclass(frozen=True, slots=True)
class Plotly:
    """Plotly's bundle. guard : id of the element by whose absence the bundle would put the styles
    of its maps into the page, which our Content-Security-Policy forbids; a page that has an element
    of this id is left alone (docs/adr/0013). Empty where the bundle brings no such styles."""

    asset: Asset
    guard: str

    @property
    def path(self) -> str:
        """Its address."""
        return self.asset.path


def _asset(path: str, body: bytes) -> Asset:
    return Asset(path, _TYPES[path.rsplit(".", 1)[1]], body, gzip.compress(body, 6, mtime=0))


@cache
def own() -> dict[str, Asset]:
    """Our files by name."""
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
    """Plotly as installed; read and compressed when the first plot is asked for."""
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
    """GET /favicon.ico and /favicon.svg, for browsers that ask without being told."""
    asset = own()["favicon.svg"]
    return Response(asset.body, 200, {"Cache-Control": "public, max-age=86400"}, asset.media_type)
