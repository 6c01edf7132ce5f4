"""Sending digests: settings, channels, the sender, the lock that makes one process the sender."""
