"""The bus: how one part tells the others what is already true."""
