"""Which mail programs lack what a mail uses: caniemail's figures, and what of HTML and CSS a post asks for.

`table` reads the figures, `styles` and `uses` name the features that stand in CSS text and in a tree, `findings` joins
them. Only `check` and the preview import this room; a send does not.
"""
