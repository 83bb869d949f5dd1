"""Tests of single parts, in seconds. A machine that is busy with other tests is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What script/fuzz takes: the same, but it also says how to have exactly this example again.
settings.register_profile("fuzz", settings.get_profile("patient"), print_blob=True)
settings.load_profile("patient")
