"""Keys of meter numbers."""

from contracts.meter_number import meter_key


def test_meter_keys_fit_a_float_exactly() -> None:
    key = meter_key("1EMH0012345678")
    assert key == meter_key(" 1EMH0012345678 ") and float(int(key)) == key < 2**53
    assert key != meter_key("1EMH0012345679")
