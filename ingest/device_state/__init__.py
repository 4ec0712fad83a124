"""The cached state of devices: kernel carries, sequence numbers, replays."""
