"""Identity, valid in time."""

from customer_context.identity.holders import FOREVER_US, Device, Span, holders


def test_history_stays_with_whom_it_belonged_to() -> None:
    found = holders(
        [Span(0, 100, "vehicle:a"), Span(100, FOREVER_US, "vehicle:b")],
        {
            "vehicle:a": [Span(10, 60, "ann"), Span(60, FOREVER_US, "bob")],
            "vehicle:b": [Span(0, FOREVER_US, "cy")],
        },
    )
    device = Device(1, "t", "d", "vehicle", "native", "UTC", holders=found)
    who = {us: (h.customer if (h := device.holder_at(us)) else "-") for us in (0, 10, 59, 60, 99)}
    assert who == {0: None, 10: "ann", 59: "ann", 60: "bob", 99: "bob"}
    holder = device.holder_at(100)
    assert holder is not None and (holder.subject, holder.customer) == ("vehicle:b", "cy")
    assert device.holder_at(-1) is None
