"""`--llm gguf:...`: a local model in a GGUF file, served for one command by llama.cpp's own server."""
