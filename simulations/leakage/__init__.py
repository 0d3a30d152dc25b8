"""The leak audit: small pure checks for what has let targets into published results, one file each."""
