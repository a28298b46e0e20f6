"""The command line: options in, one job called, its report printed, its exit code returned."""
