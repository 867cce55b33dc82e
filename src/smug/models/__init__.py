"""Networks, built or imported, and their first layer."""
