"""Every page in Chromium: what is shown, where it leads, and how it is walked through."""

import re

import pytest
from playwright.sync_api import expect

PAGES = {
    "/": "Runs",
    "/runs/talk": "talk",
    "/runs/begun": "begun",
    "/runs/talk/sessions": "Sessions",
    "/runs/talk/sessions/7": "Session 7",
    "/runs/judged/sessions/7": "Session 7",
    "/runs/hinted/sessions/7": "Session 7",
    "/runs/judged/judging": "Items judged",
    "/hints": "Hints",
    "/hints/films": "films",
    "/flower": "Flower models",
    "/flower/fitted": "fitted",
    "/flower/flowers": "flowers",
    "/flower/begun": "begun",
    "/compare": "Compare runs",
    "/compare?run=talk&run=other": "talk and other",
    "/compare/7?run=talk&run=other": "Session 7",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_is_and_fits_a_phone(visit, site: str, path: str) -> None:
    page = visit(site + path, width=400)
    expect(page.locator("h1")).to_contain_text(PAGES[path])
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_runs_are_found_by_what_is_typed(visit, site: str) -> None:
    page = visit(site)
    page.get_by_label("Search").fill("TALK")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody th a")).to_have_text(["talk"])
    assert page.url.startswith(f"{site}/?q=TALK")


def test_a_chart_leads_to_the_sessions_behind_it(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk")
    page.locator("#endings .plot .bars path").first.click(force=True)
    expect(page.locator("h1")).to_have_text("Sessions")
    assert "rounds=" in page.url


def test_the_numbers_of_a_chart_are_there_without_it(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk")
    page.locator("#hit-rate summary").click()
    expect(page.locator("#hit-rate tbody tr")).to_have_count(3)


def test_sessions_are_filtered_and_filters_taken_back(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk/sessions")
    page.get_by_label("Words in reasons").fill("dark")
    page.get_by_label("Result").select_option("hit")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody th a")).to_have_text(["7", "10"])
    page.get_by_label("no longer: hit").click()
    expect(page.locator("tbody th a")).to_have_text(["7", "8", "10"])


def test_a_filter_goes_along_into_the_dialogue(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk/sessions?result=hit")
    page.get_by_role("link", name="7", exact=True).click()
    page.get_by_role("link", name="next session").click()
    expect(page.locator("h1")).to_have_text("Session 10")


def test_an_address_leads_to_a_turn(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk/sessions/7#loop-2-user")
    expect(page.locator("#loop-2-user")).to_have_class(re.compile("here"))
    expect(page.locator("#loop-2-user")).to_be_in_viewport()


def test_j_and_k_walk_through_the_turns_and_o_opens_one(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk/sessions/7")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.url.endswith("#loop-1-user")
    page.keyboard.press("k")
    page.keyboard.press("o")
    assert page.evaluate("document.activeElement.id").startswith("loop-1-recommendation")
    expect(page.locator(".here").get_by_text("Attempt 2 of 2")).to_be_visible()


def test_keys_typed_into_a_field_are_letters(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk/sessions")
    page.get_by_label("Words in reasons").press_sequentially("jk")
    expect(page.get_by_label("Words in reasons")).to_have_value("jk")


def test_two_runs_are_chosen_and_compared_down_to_the_first_difference(visit, site: str) -> None:
    page = visit(site)
    page.get_by_label("compare talk").check()
    page.get_by_label("compare other").check()
    page.get_by_role("button", name="Compare the selected runs").click()
    expect(page.locator("h1")).to_contain_text("talk")
    page.get_by_role("link", name="7", exact=True).first.click()
    assert "/compare/7?" in page.url
    expect(page.get_by_text("first difference").first).to_be_visible()


def test_what_is_not_there_is_said_in_words(visit, site: str, browser) -> None:
    page = browser.new_page()
    assert page.goto(f"{site}/runs/nope").status == 404
    expect(page.get_by_text("no run is called 'nope'")).to_be_visible()
    page.get_by_role("link", name="All runs").click()
    expect(page.locator("h1")).to_have_text("Runs")


def test_colours_follow_the_system(visit, site: str) -> None:
    brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert max(visit(site, color_scheme="dark").evaluate(brightness)) < 80
    assert min(visit(site, color_scheme="light").evaluate(brightness)) > 200


def test_the_first_thing_that_tab_reaches_leads_past_the_navigation(visit, site: str) -> None:
    page = visit(f"{site}/runs/talk")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
