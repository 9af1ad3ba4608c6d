"""What went wrong elsewhere, as others' issue trackers tell it: each has a test that keeps it from happening here."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent

SECOND_STEP = "accounts/test_second_step.py::"
LOG_IN = "web/test_second_step_log_in.py::"
PASSKEYS = "web/test_passkeys.py::"
MAIL = "web/test_mailed_login.py::"

PAINS = {
    "a code works again (better-auth #10387)": [
        f"{SECOND_STEP}test_of_thirty_at_once_one_gets_in",
        f"{LOG_IN}test_a_code_counts_once_also_for_thirty_browsers_at_once",
    ],
    "the code that set the app up logs in (hanko #2723)": [
        f"{SECOND_STEP}test_the_code_that_confirmed_the_app_does_not_log_in"
    ],
    "spaces dodge the check for a second use (warehouse #19480, #19668)": [
        f"{SECOND_STEP}test_a_code_counts_once_however_it_is_typed"
    ],
    "used codes are remembered by code and not by user (fortify)": [
        f"{SECOND_STEP}test_two_people_whose_apps_show_the_same_code_both_get_in"
    ],
    "used codes are remembered in a cache with no atomic step (allauth)": [
        f"{SECOND_STEP}test_of_two_workers_one_takes_a_code"
    ],
    "a typo or a reload renews the seed (allauth #3687, keycloak #20210)": [
        f"{SECOND_STEP}test_a_reload_and_a_typo_keep_the_same_seed"
    ],
    "a new set-up ends the app that works (wso2 #15199)": [
        f"{SECOND_STEP}test_a_new_set_up_leaves_the_working_app_alone"
    ],
    "a recovery code is used twice in parallel (appwrite #11692, artifact-keeper #1822)": [
        f"{SECOND_STEP}test_of_thirty_at_once_one_gets_in"
    ],
    "another key locks people out (blot #1856)": [
        "cli/test_cli_secrets.py::test_after_rotating_the_earlier_key_may_go",
        "cli/test_cli_secrets.py::test_a_key_that_is_gone_is_found_and_the_person_can_be_let_in",
        "cli/test_cli_secrets.py::test_a_seed_that_was_tampered_with_is_a_refusal",
    ],
    "a used recovery code logs in (filament-breezy #284)": [f"{LOG_IN}test_a_recovery_code_logs_in_once"],
    "a count that does not rise locks out (securo #534, LibreChat #14715)": [
        f"{PASSKEYS}test_a_count_that_does_not_rise_lets_in_is_noted_and_never_lowers_the_stored_one",
        f"{PASSKEYS}test_a_count_that_does_not_rise_is_mailed",
    ],
    "a page that lay open is an error (gumroad #5509, PageSpace #894, MemeBattle #729)": [
        f"{PASSKEYS}test_a_page_that_lay_open_too_long_says_so_and_the_next_try_works"
    ],
    "a passkey forces a second step on passwords (securo #534)": [
        f"{PASSKEYS}test_it_forces_no_second_step_on_passwords"
    ],
    "another's credential proves who one is (flask-security GHSA-f66q-9rf6-8795, GHSA-97r5-pg8x-p63p)": [
        f"{PASSKEYS}test_nothing_else_proves_it",
        "web/test_providers.py::test_nobody_elses_account_there_and_no_old_log_in_proves_anything",
    ],
    "a password manager's object has no toJSON (aspnetcore #62916)": [
        "browser/test_passkeys.py::test_the_log_in_page_offers_the_passkey_by_itself_and_on_its_button"
    ],
    "a passkey's answer is used again": [f"{PASSKEYS}test_an_answer_counts_once_and_in_the_browser_that_asked"],
    "a first step passes for a session (better-auth #9552, #10322, #11287)": [
        f"{LOG_IN}test_with_nothing_but_the_first_step_every_page_sees_a_stranger",
        f"{LOG_IN}test_what_changes_the_account_ends_the_first_step",
        "web/test_ways_in.py::test_each_way_in_asks_for_what_the_account_has",
    ],
    "a scanner burns the link or gets the session (emdash #3298, fleet #26976)": [
        f"{MAIL}test_scanners_that_open_the_link_burn_nothing_and_get_no_session"
    ],
    "a victim's click logs the attacker in (passmower #135, keycloak #49008)": [
        f"{MAIL}test_a_code_counts_in_the_browser_that_asked_alone",
        f"{MAIL}test_a_link_logs_in_any_browser_where_it_is_opened_and_not_the_one_that_asked",
    ],
    "whoever made the account first stays in it (LISA #289)": [
        f"{MAIL}test_the_first_proof_of_an_address_drops_all_that_was_there_before"
    ],
}
"""What went wrong, where it was reported, and the tests."""


def functions(file: Path) -> set[str]:
    """Return the names of a file's functions."""
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("pain", PAINS)
def test_each_pain_has_its_tests(pain: str) -> None:
    assert PAINS[pain]
    for each in PAINS[pain]:
        file, _, name = each.partition("::")
        assert name in functions(TESTS / file), each
