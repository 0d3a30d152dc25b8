"""Real fakes for tests, benchmarks and examples: a scripted chat model, an OpenAI-compatible server, a clock."""
