"""The HTTP API and the pages for people.

They read through `store/reads` and `store/people`; what decides or writes is a use
case of `services`.
"""
