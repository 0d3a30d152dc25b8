"""The loop, its runner, the commands and the command line."""
