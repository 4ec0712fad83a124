"""Decisions about customers: pure rules, without I/O, database or clock.

One folder for each subject. `services` gathers what a rule needs, and writes what it decides.
"""
