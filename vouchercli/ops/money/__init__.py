"""Where the money stands: funds and the ledger. It knows nothing of files that come in."""
