"""The pages, one file each: a query, and the frozen dataclass that is both the page's JSON and its template's input."""
