"""Questions → answers that the documents prove: understand, find, compose."""
