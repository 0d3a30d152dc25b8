"""The pages, a file per subject: queries, and frozen dataclasses that are a page's JSON and its template's input."""
