"""newsletter.toml, environment and options, read once into typed settings. Below this room nobody reads either."""
