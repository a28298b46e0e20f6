"""The dialect as one Python-Markdown extension: which construct takes part, and who is asked first.

The tables below are the map of this folder. Blocks and inlines are asked from top to bottom; the tree processors run
from top to bottom over the finished tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown.extensions import Extension

from newsletter_cli.rendering.dialect import (
    angles,
    blockquotes,
    brackets,
    code,
    codespans,
    definitions,
    divs,
    emphasis,
    escapes,
    footnotes,
    headings,
    html_blocks,
    lineblocks,
    lists,
    paragraphs,
    references,
    rules,
    smart,
    tables,
    tables_grid,
    tables_pipe,
    tables_text,
    templates,
)
from newsletter_cli.rendering.dialect.blocks import LineParser
from newsletter_cli.rendering.dialect.contents import Contents
from newsletter_cli.rendering.dialect.figures import Figures
from newsletter_cli.rendering.dialect.headings import HeadingIds
from newsletter_cli.rendering.dialect.inlines import Inliner

if TYPE_CHECKING:
    from markdown import Markdown

    from newsletter_cli.rendering.dialect.blocks import Construct
    from newsletter_cli.rendering.dialect.inlines import Inline

BLOCKS: tuple[type[Construct], ...] = (
    code.FencedCode,
    lists.BulletList,
    divs.FencedDiv,
    headings.AtxHeading,
    headings.SetextHeading,
    html_blocks.HtmlBlock,
    tables.Caption,
    tables_pipe.PipeTable,
    tables_text.SimpleTable,
    tables_text.MultilineTable,
    tables_grid.GridTable,
    code.IndentedCode,
    lineblocks.LineBlock,
    blockquotes.Blockquote,
    rules.Rule,
    lists.OrderedList,
    references.KramdownAttributes,
    footnotes.FootnoteDefinition,
    references.LinkDefinition,
    definitions.DefinitionList,
    paragraphs.Paragraph,
)

INLINES: tuple[type[Inline], ...] = (
    escapes.Escape,
    codespans.CodeSpan,
    angles.Autolink,
    angles.InlineHtml,
    templates.Template,
    templates.KramdownSpan,
    brackets.OpeningBracket,
    brackets.ClosingBracket,
    emphasis.Emphasis,
    emphasis.Script,
    smart.Quotes,
    smart.Dashes,
    smart.Dots,
    smart.BareUrl,
    escapes.Reference,
    escapes.LineEnd,
)


class Dialect(Extension):
    """pandoc's Markdown, with what Substack, kramdown and Hugo add. `file` is named in problems."""

    def __init__(self, *, file: str) -> None:
        super().__init__()
        self.file = file

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (the library's name)
        """Put this dialect in the place of the library's own."""
        blocks = LineParser(md, file=self.file)
        for at, block in enumerate(BLOCKS):
            blocks.register(block(), block.__name__, -at)
        inlines = Inliner(md, blocks)
        for at, inline in enumerate(INLINES):
            inlines.register(inline(), inline.__name__, -at)
        md.parser = blocks
        md.preprocessors.deregister("normalize_whitespace")  # `source` does it, and keeps the line numbers
        md.preprocessors.deregister("html_block")
        for name in ("inline", "prettify", "unescape"):
            md.treeprocessors.deregister(name)
        processors = (
            inlines,
            HeadingIds(md, inlines.pointers),
            Contents(md),
            Figures(md, inlines.captions),
        )
        for at, processor in enumerate(processors):
            md.treeprocessors.register(processor, type(processor).__name__, -at)
        for postprocessor in ("raw_html", "amp_substitute"):
            md.postprocessors.deregister(postprocessor)
