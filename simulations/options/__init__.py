"""Every option of a run, stated once: name, type, default, help, unit."""
