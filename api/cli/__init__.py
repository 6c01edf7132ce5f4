"""The command line: one module declares the commands, the others do them."""
