"""Measuring: our daemon beside its peers, in one run, by one load generator."""
