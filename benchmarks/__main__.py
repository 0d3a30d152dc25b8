"""`make bench`: runs every benchmark and fails if one falls short of what is promised. About twenty minutes."""

from benchmarks import (
    coverage,
    databases,
    import_many,
    latency,
    loop_calls,
    offline_study,
    scale,
    startup,
    storage,
    viewer,
)

raise SystemExit(
    max(
        loop_calls.main([]),
        latency.main([]),
        startup.main(),
        storage.main(),
        offline_study.main([]),
        coverage.main(["--studies", "200"]),
        scale.main([]),
        import_many.main([]),
        viewer.main([]),
        databases.main([]),
        databases.main(["--workers", "2"]),
    )
)
