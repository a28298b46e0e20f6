"""The Markdown that pandoc, Substack and other newsletters write, one module per construct."""
