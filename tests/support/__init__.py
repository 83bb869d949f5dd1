"""What several test packages lean on."""
