"""The web viewer: reads the database, never writes, and shows runs, dialogues and comparisons.

The modules, in the order in which a request passes them:

    server.py           opens the port and the browser
    access.py           who may ask: host, origin, token; the security headers of every answer
    app.py              which address is which page; every page is HTML, and JSON under /api
    api_responses.py    the JSON, and errors in words
    data_access.py      what pages read from: the database, a run by its name, data sets
    pages/              one module per page: its query, its dataclass (JSON and template's input), its charts
    queries.py          what an address may hold after its question mark
    transcript_view.py  a session's turns, out of its transcript
    charts.py           plotly figures as JSON; each point leads to the sessions behind it
    urls.py             the address of everything, on a server and in an exported site
    rendering.py        templates, and how numbers and untrusted text are shown
    templates/          one per page, over layout.html.jinja
    static/             the style, and a little JavaScript
    site_export.py      the same pages as files

Numbers come from `simulations.analysis`. The public function is `simulations.view`, the command `afl view`.
"""
