"""A post file: read into a `Post`, and stamped with one line. Knows neither Markdown nor mail."""
