"""The web viewer: reads the database, never writes, and shows what the agents said.

What happens to a request, in the order of the files:

    access.py        who may ask: the host it was sent to, the page it came from, the token; and what pages may do
    app.py           which address is which page; every page is HTML, and JSON under /api
    answers.py       the JSON, and mistakes in words
    reading.py       what pages read from: the database, a run by its name, data sets
    pages/           one file per page: a query, and the frozen dataclass that is its JSON and its template's input
    numbers.py       a run in numbers, out of the tallies that the database keeps
    comparing.py     several runs over the same sessions, out of a few bits a session; so are the two below
    judged.py        the answers of the user-simulation task
    hinted.py        what hints did to lists
    flowers.py       Flower models in numbers, out of their files
    conversation.py  a session's turns, out of its transcript
    wanted.py        which sessions a list shows
    kinds.py         what sort of run it is
    links.py         the address of everything, in a served viewer and in an exported site
    charts.py        plotly figures as JSON; each point leads to the sessions behind it
    rendering.py     templates, and how numbers and strangers' text are shown
    templates/       one per page, over base.html.jinja
    static/          the style, and a little JavaScript
    site.py          the same pages as files
    server.py        opens the port and the browser

The public function is `simulations.view`, the command `afl view`.
"""
