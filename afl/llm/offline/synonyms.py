"""Synonyms of attribute values: "comedic" is comedy, "French" is France, "Asia" is many countries."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "comedic": ("comedy",),
    "funny": ("comedy",),
    "dramatic": ("drama",),
    "romantic": ("romance",),
    "animated": ("animation",),
    "historical": ("history",),
    "scary": ("horror",),
    "noir": ("film-noir", "film noir"),
    "sci-fi": ("science fiction",),
    "science fiction": ("sci-fi",),
    "non-fiction": ("documentary",),
    "kids": ("children",),
    "American": ("usa", "united states"),
    "Hollywood": ("usa", "united states"),
    "Australian": ("australia",),
    "Brazilian": ("brazil",),
    "British": ("uk", "united kingdom", "england"),
    "Canadian": ("canada",),
    "Chinese": ("china",),
    "Danish": ("denmark",),
    "English": ("uk", "united kingdom", "england"),
    "French": ("france",),
    "German": ("germany", "west germany"),
    "Indian": ("india",),
    "Iranian": ("iran",),
    "Irish": ("ireland",),
    "Italian": ("italy",),
    "Japanese": ("japan",),
    "Korean": ("south korea", "korea"),
    "Mexican": ("mexico",),
    "Polish": ("poland",),
    "Russian": ("russia", "soviet union"),
    "Soviet": ("soviet union",),
    "Spanish": ("spain",),
    "Swedish": ("sweden",),
}
"""A word -> the values it stands for, wherever a catalogue has one of them."""

_ASIA = ("china", "hong kong", "india", "indonesia", "iran", "japan", "malaysia", "philippines", "singapore",
         "south korea", "korea", "taiwan", "thailand", "vietnam")  # fmt: skip
_EUROPE = ("austria", "belgium", "czech republic", "czechoslovakia", "denmark", "finland", "france", "germany",
           "west germany", "greece", "hungary", "iceland", "ireland", "italy", "netherlands", "norway", "poland",
           "portugal", "romania", "spain", "sweden", "switzerland", "uk", "united kingdom")  # fmt: skip
_LATIN_AMERICA = ("argentina", "brazil", "chile", "colombia", "cuba", "mexico", "peru", "uruguay")

REGIONS: dict[str, tuple[str, ...]] = {
    "Asia": _ASIA,
    "Asian": _ASIA,
    "Europe": _EUROPE,
    "European": _EUROPE,
    "Scandinavia": ("denmark", "finland", "iceland", "norway", "sweden"),
    "Scandinavian": ("denmark", "finland", "iceland", "norway", "sweden"),
    "Latin America": _LATIN_AMERICA,
    "Latin American": _LATIN_AMERICA,
}
"""A part of the world -> its countries."""
