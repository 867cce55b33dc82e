"""Job entry points: read, call one library function, write."""
