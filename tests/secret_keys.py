"""The key of stored secrets in all tests: conftest.py puts it into the environment."""

from runtime.secret_box import Key, box_with

KEY = Key(bytes(range(32)))
BOX = box_with(KEY)
