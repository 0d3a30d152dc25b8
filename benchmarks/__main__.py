"""`make bench`: runs every benchmark and fails if one falls short of what is promised."""

from benchmarks import coverage, loop_calls, offline_study

raise SystemExit(max(loop_calls.main(), offline_study.main([]), coverage.main(["--studies", "200"])))
