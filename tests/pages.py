"""What tests of the pages share: signing in, and the forms of a page."""

import re

import httpx

HTML = {"accept": "text/html"}


def token_of(html: str) -> str:
    """The CSRF token of the first form that has one."""
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found, "no form with a token"
    return found[1]


def sign_in(client: httpx.Client, key: str, back: str = "/") -> httpx.Response:
    """As a browser does it; the client has the session's cookie afterwards."""
    client.headers.update(HTML)
    page = client.get("/login")
    answer = client.post("/login", data={"csrf": token_of(page.text), "key": key, "next": back})
    assert answer.status_code == 303, answer.text
    return answer


def send(client: httpx.Client, path: str, action: str = "", /, **fields: str) -> httpx.Response:
    """Open a page, fill its form and send it, to `action` or the page itself."""
    page = client.get(path)
    assert page.status_code == 200, (path, page.status_code)
    data = {"csrf": token_of(page.text), **fields}
    return client.post(action or path, data=data)
