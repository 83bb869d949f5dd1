"""Tests of the rules that the code is held to: each finds what it is for, and nothing beside it."""
