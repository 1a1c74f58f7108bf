"""The ``columns`` method: column generation on whole-chain embeddings, then a search that its prices guide."""
