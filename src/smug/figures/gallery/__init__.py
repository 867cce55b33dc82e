"""The gallery: one page, complete in itself, with every explained input and all methods' maps."""
