"""A post's Markdown becomes inline-styled mail HTML and a text part. Knows no subscriber: it leaves slots."""
