"""One file per command: a public function with the command's options, returning what it prints."""
