"""Queues on the page of tasks."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.web.reader import Reader


def test_a_queue_is_paused_and_resumed_and_says_by_whom(reader: Reader) -> None:
    page = reader.open("/tasks", "Tasks")
    row = page.locator("tr", has_text="predictor").filter(has=page.get_by_text("Change …"))
    for act, says in (("Pause", r"paused.*by anyone"), ("Resume", r"open\s*changed.*by anyone")):
        row.get_by_role("button", name=act).press("Enter")
        page.get_by_role("dialog").get_by_role("button", name=act).press("Enter")
        expect(row).to_contain_text(re.compile(says, re.DOTALL))
