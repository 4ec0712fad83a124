"""What a session says of the browser that opened it."""

import pytest

from api.pages.devices import device_name

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
    "AppleWebKit/605.1.15 (KHTML, like Gecko) "
)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (WINDOWS + "Chrome/131.0.0.0 Safari/537.36", "Chrome, Windows"),
        (WINDOWS + "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.51", "Edge, Windows"),
        (PHONE + "Version/17.5 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        (PHONE + "CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome, iPhone"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Firefox, Linux",
        ),
        (PHONE[:100], "iPhone"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_person_knows_their_browser_by_its_name(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
