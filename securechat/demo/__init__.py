"""A demo: invented people and what they said, told through the use cases into an empty server."""
