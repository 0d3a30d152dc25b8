"""`make bench`: runs every benchmark and fails if one falls short of what is promised."""

from benchmarks import loop_calls

raise SystemExit(loop_calls.main())
