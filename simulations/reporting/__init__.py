"""Pages made of what runs recorded: text, tables and figures, as HTML and as Markdown."""
