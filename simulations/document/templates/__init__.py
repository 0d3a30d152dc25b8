"""The page as HTML and as Markdown, and its style."""
