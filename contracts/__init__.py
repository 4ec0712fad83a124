"""What packages and other systems agree on: messages, units, topics, kinds, purposes, channels.

Tables and their checks, without I/O. `schemas` is generated from them (`tachowatt schemas`);
`examples` are read by tests of both sides.
"""
