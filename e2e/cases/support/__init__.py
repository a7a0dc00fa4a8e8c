"""What the cases share. Nothing in here knows how Slipway is built, only its public API."""
