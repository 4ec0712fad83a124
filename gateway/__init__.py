"""MQTT to log: one persistent session, and an acknowledgement once the log has the message.

It routes by topic and never reads a body, so it imports neither kernels nor SQL.
"""
