"""Cases, alerts, contacts, their delivery and its receivers."""
