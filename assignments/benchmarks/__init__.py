"""Measurements of the engine: `manage.py bench NAME` and `manage.py compare_policies`."""
