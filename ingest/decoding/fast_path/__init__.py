"""Bodies of the plain shape, many at a time, from bytes straight into columns.

Most messages look alike: one flat JSON object or CBOR map of the native schema with numbers in
its arrays. Those are read here by a kernel, without a Python object for each. It takes a body only
where it is sure to find exactly what the decoder of `ingest.decoding.dialects.native` finds; every
other body, good or bad, is left to that decoder, which alone says what is wrong with it
(tests/property/test_plain_bodies.py, test_plain_cbor.py).
"""
