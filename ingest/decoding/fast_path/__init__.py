"""The fast path: read many plain bodies at once, from bytes into columns.

A *plain* body is one flat JSON object or CBOR map of the native schema with numbers in its arrays;
most bodies are plain. A kernel reads them without a Python object for each. It takes a body only if
its result is certainly the same as that of the decoder in `ingest.decoding.dialects.native`; every
other body, valid or not, goes to that decoder, which alone reports errors
(tests/property/test_plain_bodies.py, test_plain_cbor.py).
"""
