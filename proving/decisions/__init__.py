"""Random sets of actions and customers, decided and compared with the plain oracle."""
