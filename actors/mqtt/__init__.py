"""Readings that come over MQTT, and alerts that go out."""
