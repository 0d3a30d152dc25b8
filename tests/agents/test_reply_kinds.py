"""Kinds of replies that real models and servers send: each with the reported one and its siblings."""

import pytest

from afl.types import Outcome
from agents.list_parser import parse_same, parse_sentences
from agents.parsing import answer_part, parse_decision, parse_recommendation
from agents.ranking import parse_ranking
from agents.words import marks, words

TITLES = ("Heat", "Alien", "Big", "Fargo", "The Matrix", "Dr. No")
DRAFT = "Reason: a draft\nItem: Heat\nDecision: yes\nItems:\n1. Heat\n2. Alien\n"
PAIRS = marks("thinking", "marks")
LABELS = ("reason", "item", "decision", "items")

harmony = "<|channel|>{}<|message|>{}<|end|>".format


def item(text: str) -> tuple[Outcome, str | None]:
    parsed = parse_recommendation(text, TITLES)
    return parsed.outcome, parsed.value


def decision(text: str) -> bool | None:
    return parse_decision(text).value


in_any_dress = pytest.mark.parametrize(("opening", "closing"), PAIRS, ids=lambda mark: mark or "never written")


@in_any_dress
def test_the_answer_outside_the_thinking_is_read(opening, closing):
    assert item(f"{opening}\n{DRAFT}{closing}\nReason: snow\nItem: Fargo") == (Outcome.OK, "Fargo")
    assert decision(f"{opening}{DRAFT}{closing}Reason: long\nDecision: no") is False


@in_any_dress
def test_thinking_is_never_the_answer(opening, closing):
    text = f"{opening}\n{DRAFT}{closing}"
    assert item(text) == (Outcome.UNPARSED, None)
    assert parse_decision(text).outcome is Outcome.UNPARSED
    assert parse_ranking(text, TITLES, top=2).outcome is Outcome.UNPARSED
    assert parse_sentences(text.replace("Items", "Hints"), "Hints").outcome is Outcome.UNPARSED
    assert answer_part(text).strip() == ""


@in_any_dress
def test_a_mark_that_is_never_closed_hides_the_rest(opening, closing):
    if opening:
        assert item(f"{opening}\n{DRAFT}") == (Outcome.UNPARSED, None)


@in_any_dress
def test_a_mark_whose_opening_stood_in_the_prompt_hides_what_is_before_it(opening, closing):
    assert item(f"{DRAFT}{closing}\nItem: Big") == (Outcome.OK, "Big")


@in_any_dress
def test_marks_of_thinking_are_recognised_in_any_case(opening, closing):
    assert item(f"{opening.upper()}\n{DRAFT}{closing.lower()}\nItem: Big") == (Outcome.OK, "Big")


@in_any_dress
def test_the_thinking_is_not_the_reason(opening, closing):
    assert parse_recommendation(f"{opening}I wonder.{closing}\nsnow\nItem: Fargo", TITLES).reason == "snow"


@pytest.mark.parametrize(
    "text",
    [
        harmony("analysis", DRAFT) + "<|start|>assistant" + harmony("final", "Item: Big"),
        harmony("analysis", DRAFT)
        + harmony("commentary to=tool", DRAFT)
        + harmony("final", "Reason: so\nItem: Big"),
        harmony("final", "Item: Big") + "<|start|>user<|message|>Item: Heat",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>Item: Big<|return|>",
        "<|channel|>final <|constrain|>json<|message|>" + '{"item": "Big"}',
        f"analysisWe pick.\n{DRAFT}assistantfinalItem: Big",
    ],
)
def test_of_channels_only_the_final_one_is_the_answer(text):
    assert item(text) == (Outcome.OK, "Big")


@pytest.mark.parametrize(
    "text",
    [
        harmony("analysis", DRAFT),
        f"<|channel|>analysis<|message|>{DRAFT}",
        harmony("commentary to=tool", DRAFT),
        harmony("analysis", DRAFT) + "<|channel|>final<|message|>",
    ],
)
def test_channels_without_a_final_one_are_no_answer(text):
    assert item(text) == (Outcome.UNPARSED, None)
    assert parse_decision(text).outcome is Outcome.UNPARSED


@pytest.mark.parametrize("opening", ['<think time="3">', "<Thinking>", "<thought lang='en'>"])
def test_a_tag_of_thinking_may_have_attributes(opening):
    name = opening[1:].split(">")[0].split(" ")[0]
    assert item(f"{opening}{DRAFT}</{name}>Item: Big") == (Outcome.OK, "Big")


TOKENS = [*words("special_tokens", "tokens"), "<|im_end|>", "<|eot_id|>", "<|fim_pad|>", "<｜end▁of▁sentence｜>"]


@pytest.mark.parametrize("token", TOKENS)
def test_special_tokens_are_stripped(token):
    assert item(f"Reason: snow\nItem: Fargo{token}") == (Outcome.OK, "Fargo")
    assert item(f"{token}Reason: snow\nItem: Fargo {token}\n{token}") == (Outcome.OK, "Fargo")
    assert decision(f"Decision: no{token}") is False
    assert parse_ranking(f"Items:\n1. Big\n2. Alien{token}", TITLES, top=2).value == ("Big", "Alien")


@pytest.mark.parametrize("turn", words("special_tokens", "other_turns"))
def test_what_a_model_writes_for_others_after_its_answer_is_not_read(turn):
    assert item(f"Item: Big\n{turn}\nAnother?\nItem: Heat") == (Outcome.OK, "Big")


@pytest.mark.parametrize("token", ["<|im_end|>", "</s>", "<end_of_turn>", " \n<|eot_id|>"])
def test_tokens_alone_are_an_empty_reply(token):
    parsed = parse_recommendation(token, TITLES)
    assert (parsed.outcome, parsed.problem) == (Outcome.UNPARSED, "The reply is empty.")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Item: Item: Fargo", "Fargo"),
        ("Item: Item: Item: Fargo", "Fargo"),
        ("**Item:** **Item:** Fargo", "Fargo"),
        ("Item: 推荐：Fargo", "Fargo"),
        ("Item: Final item: 4. Fargo.", "Fargo"),
        ("Item: Item:\nFargo", "Fargo"),
    ],
)
def test_doubled_labels_are_one(text, title):
    assert item(text) == (Outcome.OK, title)


def test_a_doubled_label_is_no_part_of_reason_or_decision():
    parsed = parse_decision("Reason: Reason: too loud\nDecision: Decision: **No**")
    assert (parsed.value, parsed.reason) == (False, "too loud")


def test_a_title_that_begins_with_a_label_stays_one():
    titles = ("Heat", "Item: The Sequel")
    assert parse_recommendation("Item: Item: The Sequel", titles).value == "Item: The Sequel"


@pytest.mark.parametrize("written", ["Item: Item:", "Item: Item: Item:", "**Item:** Item:"])
def test_a_doubled_label_with_nothing_behind_is_no_title(written):
    assert item(f"Reason: so\n{written}") == (Outcome.UNPARSED, None)


@pytest.mark.parametrize(
    "text",
    [
        "Reason: <why, in one or two sentences>\nItem: <one title, exactly as listed>",
        "Item: one title, exactly as listed",
        "**Item:** *<one title, exactly as listed>*.",
        '{"reason": "so", "item": "<one title, exactly as listed>"}',
        "推荐：<one title, exactly as listed>",
        "Item: Item: <one title, exactly as listed>",
    ],
)
def test_the_answer_format_copied_is_no_answer(text):
    parsed = parse_recommendation(text, TITLES)
    assert (parsed.outcome, parsed.value) == (Outcome.UNPARSED, None)
    assert "repeats the answer format" in parsed.problem


@pytest.mark.parametrize(
    "text", ["<yes or no>", "yes or no", "yes/no", "<no or yes>", "YES | NO", "是或否", "ja oder nein"]
)
def test_the_answer_format_copied_is_no_decision(text):
    assert parse_decision(f"Reason: so\nDecision: {text}").outcome is Outcome.UNPARSED
    assert parse_decision(text).outcome is Outcome.UNPARSED


@pytest.mark.parametrize(
    "text",
    [
        "Items:\n1. <title, exactly as listed>\n2. <title, exactly as listed>",
        "Items:\n1. Heat\n2. <title, exactly as listed>",
        '{"items": ["<title, exactly as listed>", "<title, exactly as listed>"]}',
    ],
)
def test_the_answer_format_copied_is_no_list(text):
    assert parse_ranking(text, TITLES, top=2).outcome is Outcome.UNPARSED


def test_a_title_inside_the_brackets_of_the_format_is_one_and_another_word_is_off_list():
    assert item("Item: <Fargo>") == (Outcome.OK, "Fargo")
    assert item("Item: <Casino>") == (Outcome.OFF_LIST, None)


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "snow", "item": "Fargo"}',
        '{"item":"Fargo","reason":"snow"}',
        '{\n  "reason": "snow",\n  "item": "Fargo"\n}',
        '```json\n{"reason": "snow", "item": "Fargo"}\n```',
        'Sure: {"reason": "snow", "item": "Fargo"} Enjoy!',
        '{"answer": {"reason": "snow", "item": "Fargo"}}',
        '[{"reason": "snow", "item": "Fargo"}]',
        '{"name": "answer", "arguments": "{\\"reason\\": \\"snow\\", \\"item\\": \\"Fargo\\"}"}',
        "{'reason': 'snow', 'item': 'Fargo'}",
        '{reason: "snow", item: "Fargo",}',
        '{"Reason": "snow", "final_item": {"title": "Fargo", "year": 1996}}',
        '{"理由": "snow", "推荐": "Fargo"}',
        '{"reason": "snow", "item": "Fargo"',
        '{"item": "Heat"}\nOn second thought:\n{"reason": "snow", "item": "Fargo"}',
        'Item: {"reason": "snow", "item": "Fargo"}',
        '<think>{"item": "Heat"}</think>{"reason": "snow", "item": "Fargo", "others": [{"item": "Heat"}]}',
        '{"reason": "snow", "item": 4}',
        '{"reason": "snow", "item": ["Fargo"]}<|im_end|>',
    ],
)
def test_json_is_read_in_any_layout(text):
    parsed = parse_recommendation(text, TITLES)
    assert (parsed.outcome, parsed.value) == (Outcome.OK, "Fargo")
    assert parsed.reason == "snow"


@pytest.mark.parametrize(
    "text", ['{"reason": "the "best" one", "item": "Big"}', "{'reason': 'it's fun', 'item': 'Big'}"]
)
def test_json_with_quotes_inside_its_strings_is_read(text):
    assert item(text) == (Outcome.OK, "Big")


@pytest.mark.parametrize(
    "text", ['{"item": ["Heat", "Alien"]}', '[{"item": "Heat"}, {"item": "Alien"}]', '{"item": "Casino"}']
)
def test_json_that_does_not_name_one_candidate_is_off_list(text):
    assert item(text) == (Outcome.OFF_LIST, None)


@pytest.mark.parametrize(
    "text", ['{"item": null}', '{"item": ""}\nFargo', '{"item": {}}', '{"reason": "Fargo"}', "{}"]
)
def test_json_without_a_title_is_unparsed(text):
    assert item(text) == (Outcome.UNPARSED, None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"reason": "loud", "decision": "no"}', False),
        ('{"decision": true}', True),
        ('{"decision": "False"}', False),
        ('{"output": {"Decision": "Yes"}}', True),
        ('{"decision": null}', None),
        ('{"decision": "<yes or no>"}', None),
        ('[{"decision": "yes"}, {"decision": "no"}]', None),
    ],
)
def test_a_decision_is_read_from_json(text, value):
    assert decision(text) is value


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "so", "items": ["Big", "Alien"]}',
        '{"items": [{"item": "Big"}, {"title": "Alien"}]}',
        '{"items": {"1": "Big", "2": "Alien"}}',
        '{"ranking": ["1. Big", "2. Alien"]}',
        '["Big", "Alien"]',
        '```json\n["Big", "Alien"]\n```',
        '{"items": "Big, Alien"}',
    ],
)
def test_a_list_is_read_from_json(text):
    assert parse_ranking(text, TITLES, top=2).value == ("Big", "Alien")


def test_hints_and_their_comparison_are_read_from_json():
    assert parse_sentences('{"hints": ["Look far.", "Look near."]}', "Hints").value == ("Look far.", "Look near.")
    assert [parse_same(text).value for text in ('{"same": 1}', '{"why": "10", "same": 0}')] == [True, False]


@pytest.mark.parametrize("label", words("labels", "item"))
@pytest.mark.parametrize(
    "form", ["{}: Fargo", "**{}：** Fargo", "{}：《Fargo》", "## {}\nFargo", '{{"{}": "Fargo"}}']
)
def test_every_label_of_an_item_is_read(label, form):
    assert item(form.format(label)) == (Outcome.OK, "Fargo")


@pytest.mark.parametrize("label", words("labels", "reason"))
def test_every_label_of_a_reason_is_read(label):
    parsed = parse_recommendation(f"Hm.\n{label}：snow\nItem：Fargo", TITLES)
    assert (parsed.value, parsed.reason) == ("Fargo", "snow")


@pytest.mark.parametrize("label", words("labels", "decision"))
def test_every_label_of_a_decision_is_read(label):
    yes = [*words("decisions", "yes"), *words("decisions", "accept"), *words("decisions", "other_yes")]
    no = [*words("decisions", "no"), *words("decisions", "reject"), *words("decisions", "other_no")]
    assert [word for word in yes if decision(f"{label}：{word}。") is not True] == []
    assert [word for word in no if decision(f"{label}: {word}") is not False] == []


@pytest.mark.parametrize("label", words("labels", "items"))
def test_every_label_of_a_list_is_read(label):
    assert parse_ranking(f"Hm:\n1. Heat\n{label}：\n1. Big\n2. Alien", TITLES, top=2).value == ("Big", "Alien")


def test_no_word_labels_two_things():
    labels = [word.casefold() for label in LABELS for word in words("labels", label)]
    assert sorted({word for word in labels if labels.count(word) > 1}) == []


@pytest.mark.parametrize(
    "text",
    [
        "Ｉｔｅｍ：Ｆａｒｇｏ",
        "【推荐】Fargo",
        "【推荐】：「Fargo」",
        "\ufeffItem: Fargo",
        "Décision : non\nItem : Fargo",
    ],
)
def test_full_width_letters_brackets_and_spaces_before_the_colon_do_not_hide_a_label(text):
    assert item(text) == (Outcome.OK, "Fargo")


@pytest.mark.parametrize(
    "text", ["<item>Fargo</item>", "<reason>so</reason><item>\nFargo\n</item>", "<推荐>Fargo</推荐>"]
)
def test_labels_may_be_tags(text):
    assert item(text) == (Outcome.OK, "Fargo")


@pytest.mark.parametrize(
    "text", ["No issues, yes!", "No doubt, yes.", "No problem. Yes!", "I'd say yes.", "Nothing against it: yes"]
)
def test_a_no_that_denies_a_doubt_is_not_the_decision(text):
    assert decision(f"Decision: {text}") is True
    assert decision(text) is True


@pytest.mark.parametrize(
    "text",
    ["Yes and no", "Yes, but no.", "Yes, or maybe no?", "No - and yes", "Yes/no", "ja, aber nein", "Yes\nNo"],
)
def test_a_decision_that_contradicts_itself_is_none(text):
    assert decision(f"Decision: {text}") is None
    assert decision(text) is None


@pytest.mark.parametrize(
    "text", ["No doubt", "No problem, I could watch it", "No. 1 choice!", "maybe", "I would not say no", "not yes"]
)
def test_a_decision_that_says_neither_is_none(text):
    assert decision(f"Decision: {text}") is None


@pytest.mark.parametrize(
    "text", ["No, because there are no fights in it", "No. It is not a yes man's film", "No, thank you"]
)
def test_the_word_that_a_labelled_decision_begins_with_counts(text):
    assert decision(f"Decision: {text}") is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes, I would love to watch it.", True),
        ("It is slow, and I like that. My answer is **yes**.", True),
        ("Would I watch it? I have to say no.", False),
        ("I don't think so, no.", False),
        ("はい、見たいです。", True),
        ("Non, merci.", False),
        ("Yes. I like it. So yes.", True),
    ],
)
def test_the_first_or_last_sentence_may_decide(text, value):
    assert decision(text) is value


@pytest.mark.parametrize(
    "text",
    [
        "I would never say no to Kubrick.",
        "That is not a yes.",
        "I can't say yes to that.",
        "If it were shorter I would say yes.",
        "Whether yes or no, it depends.",
        "Yes? I do not know.",
        "Yes, it is good. It is too long, so no.",
        "I like films. Yes, I do. This one I cannot judge.",
        "Absolutely not.",
        "I would love to.",
        "No Country for Old Men is a fine film.",
        "Yes Man is a comedy.",
        "Das ist ja toll.",
        "这是一部好电影。",
        "This is my no. 1.",
        "Yes, yes!",
        "I am fond of Dr. No.",
    ],
)
def test_nothing_else_in_a_sentence_decides(text):
    assert parse_decision(text).outcome is Outcome.UNPARSED


@pytest.mark.parametrize("title", ["Yes, Madam!", "No", "Say Yes"])
def test_the_yes_or_no_of_a_title_that_the_agent_was_shown_decides_nothing(title):
    assert parse_decision(f"The best one is {title}.", ["Heat", title]).outcome is Outcome.UNPARSED


def test_a_label_whose_value_is_no_decision_is_not_made_up_for_by_a_sentence():
    assert parse_decision("Yes.\nDecision: I would rather wait").outcome is Outcome.UNPARSED


@pytest.mark.parametrize(
    "text",
    ["Item:\n1. Heat\n2. Alien\n3. Big", "Item:\n- Heat\n- Alien", "Item: 1. Heat\n2. Alien", "Item: Heat\nAlien"],
)
def test_several_titles_below_the_label_are_off_list_and_not_the_first(text):
    parsed = parse_recommendation(text, TITLES)
    assert (parsed.outcome, parsed.value) == (Outcome.OFF_LIST, None)
    assert "name exactly one" in parsed.problem


@pytest.mark.parametrize(
    "text", ["Item: Heat\n\nOther good ones:\n- Alien", "Item:\nHeat\nI hope this helps!", "Item: Heat\nHeat"]
)
def test_a_title_with_other_text_below_is_one(text):
    assert item(text) == (Outcome.OK, "Heat")


@pytest.mark.parametrize("phrase", words("refusals", "phrases"))
def test_every_phrase_of_a_refusal_declines(phrase):
    assert item(f"..., {phrase}.") == (Outcome.DECLINED, None)
    assert parse_decision(f"..., {phrase}.").outcome is Outcome.DECLINED


@pytest.mark.parametrize("before", words("refusals", "before"))
@pytest.mark.parametrize("cannot", words("refusals", "cannot"))
def test_every_english_refusal_declines(before, cannot):
    begin = "I" if cannot.startswith("'") else "I "
    assert item(f"{before.replace('...', 'model')}, {begin}{cannot} help with that.") == (Outcome.DECLINED, None)


@pytest.mark.parametrize(
    "text", ["I'm sorry, but I can't accept this film.", "I cannot say.", "Unfortunately, I won't watch it."]
)
def test_refusing_the_offer_is_not_refusing_to_take_part(text):
    assert parse_decision(text).outcome is Outcome.UNPARSED
