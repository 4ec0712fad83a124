"""The only SQL. A folder is a subject; `schema` creates the tables, `postgres` has the connections.

Functions take a connection and leave the commit to their caller, except those that work in steps.
"""
