"""A page of blocks (text, tables, figures) and how it becomes HTML, Markdown or terminal output."""
