"""Which test keeps which promise about mail: the traps that other systems fell into, and every way in which it fails.

A row is a place to look. That each test is there is checked; that it keeps its promise is its own business.
"""

import re

import pytest

from tests.servers import ROOT

TRAPS = {
    "spam by the name field": ["test_nothing_that_was_typed_stands_in_the_mail", "test_an_act_on_the_account_is_told"],
    "scanners that open links, run scripts, press buttons": [
        "test_what_programs_do_that_look_at_links_burns_none",
        "test_scanners_that_open_the_link_burn_nothing_and_get_no_session",
    ],
    "a token in a log, a cookie or a Referer": [
        "test_a_token_leaves_the_page_for_nowhere",
        "test_the_access_log_has_no_query_and_no_referer",
        "test_the_outbox_holds_no_token_and_is_empty_afterwards",
    ],
    "the link's last character is lost, or a full stop is glued on": [
        "test_a_thousand_tokens_are_different_and_end_in_a_letter_or_digit",
        "test_both_parts_are_ascii_with_the_same_links_literally_in_the_bytes",
    ],
    "quoted-printable splits links": ["test_both_parts_are_ascii_with_the_same_links_literally_in_the_bytes"],
    "two recipients by a comma, more headers by a line break": [
        "test_a_comma_makes_no_second_recipient",
        "test_a_line_break_in_an_address_is_never_sent",
        "test_whatever_address_is_accepted_its_mail_has_one_recipient_or_is_not_made",
        "test_whatever_stands_in_an_address_there_is_one_recipient",
    ],
    "addresses beyond ASCII": [
        "test_an_address_beyond_ascii_needs_a_server_that_takes_it",
        "test_a_domain_beyond_ascii_is_written_as_servers_read_it",
        "test_an_address_beyond_ascii_is_delivered",
    ],
    "another person's mailbox with an address that only looks like the account's": [
        "test_mail_for_an_account_goes_to_its_own_address_however_it_was_typed",
        "test_another_spelling_of_a_taken_address_is_told_to_its_owner_and_of_ones_own_is_proved",
    ],
    "addresses with a plus": ["test_addresses_with_a_plus_are_two_accounts"],
    "links made of the Host header": [
        "test_links_are_made_of_the_public_address_whatever_the_host_header_says",
        "test_what_names_another_host_is_refused_and_mails_nothing",
    ],
    "kill -9 before the commit, before the server's 250, and after it": [
        "test_a_mail_that_was_being_sent_is_sent_after_its_lease",
        "test_what_was_not_committed_is_not_sent",
    ],
    "the clock, to the second": [
        "test_a_link_lasts_an_hour_to_the_second",
        "test_a_link_lasts_two_hours_to_the_second",
        "test_it_can_be_undone_for_72_hours_and_the_account_says_until_when",
        "test_a_code_counts_once_for_ten_minutes_and_after_few_wrong_ones",
        "test_link_and_code_last_ten_minutes_to_the_second",
    ],
    "a double click on each form": [
        "test_a_double_click_on_a_links_page_has_one_effect_and_is_no_error",
        "test_a_double_click_on_the_other_forms_about_mail_has_one_effect_and_is_no_error",
        "test_every_form_about_mail_is_clicked_twice",
        "test_a_double_click_changes_once_and_logs_nobody_out",
        "test_of_twenty_at_once_one_gets_in",
    ],
    "storms of bounces and automatic answers": ["test_the_headers_keep_machines_from_answering"],
    "DMARC: one domain in the mail and on the envelope": [
        "test_a_mail_arrives_as_it_was_written_at_one_recipient",
        "test_the_headers_keep_machines_from_answering",
    ],
    "HTML that says something else, or fetches something": [
        "test_html_is_escaped_and_fetches_nothing",
        "test_both_parts_are_ascii_with_the_same_links_literally_in_the_bytes",
        "test_a_mails_html_can_be_read_by_everybody_by_day_and_by_night",
    ],
    "an address that is another since the mail was queued": [
        "test_a_link_goes_to_the_address_that_the_account_has_when_it_is_sent",
        "test_a_mail_that_is_cancelled_before_it_is_sent_is_not_sent",
    ],
    "a success that clears more than its own limit": ["test_success_clears_the_accounts_count_and_never_the_networks"],
    "two sign-ups of one address, and a change against a sign-up": [
        "test_two_sign_ups_of_one_address_confirmed_at_once_make_one_account",
        "test_a_change_and_a_sign_up_that_are_confirmed_at_once_make_one_owner",
    ],
}

FAILURES = {
    "a wrong, used, expired, mangled or foreign token; its account disabled or deleted": [
        "test_a_bad_token_gets_a_clear_page_and_has_no_effect",
        "test_every_page_of_a_link_is_walked",
        "test_only_the_owners_session_confirms",
        "test_a_token_is_good_for_its_purpose_and_until_its_end",
    ],
    "a mail server that is down": [
        "test_a_server_that_is_away_pauses_the_sender_and_costs_nobody_a_try",
        "test_a_server_that_is_not_there_is_unreachable",
    ],
    "one that is slow": ["test_a_slow_server_is_waited_for", "test_several_senders_send_each_mail_once"],
    "one that greylists": [
        "test_a_delayed_mail_is_tried_less_and_less_often_with_the_same_number",
        "test_what_the_server_answers_decides",
    ],
    "one that refuses": [
        "test_a_refused_mail_has_failed_and_the_others_go",
        "test_who_has_no_mailbox_there_is_refused_for_good",
    ],
    "one that hangs": ["test_a_server_that_hangs_delays_one_mail"],
    "killed between 250 and our delete, and at each other point": [
        "test_a_mail_that_was_being_sent_is_sent_after_its_lease",
        "test_what_was_not_committed_is_not_sent",
        "test_a_server_that_is_killed_while_it_announces_leaves_it_to_another",
    ],
    "two clicks at once": [
        "test_a_double_click_on_a_links_page_has_one_effect_and_is_no_error",
        "test_of_many_who_consume_a_token_at_once_one_does",
        "test_of_two_who_undo_at_once_one_does",
    ],
    "two workers": [
        "test_of_several_processes_one_sends_each_mail",
        "test_after_a_reset_every_worker_lets_the_owner_in_at_once",
        "test_a_claimed_mail_comes_back_after_its_lease",
    ],
    "a clock that jumps": [
        "test_a_clock_that_jumps_back_spoils_no_link",
        "test_a_clock_that_was_ahead_holds_up_neither_a_mail_nor_the_sender",
        "test_a_mail_of_a_clock_that_was_ahead_is_tried_for_its_usual_time",
        "test_a_clock_that_was_ahead_makes_no_proof_last_longer",
        "test_a_clock_that_jumps_ahead_deletes_nobody_early",
    ],
    "an address that was taken meanwhile": [
        "test_an_address_that_was_taken_meanwhile_changes_nothing",
        "test_a_former_address_that_has_another_account_by_now_is_not_taken_from_it",
        "test_two_sign_ups_of_one_address_confirmed_at_once_make_one_account",
    ],
    "a disabled or deleted user whose mail still waits": [
        "test_a_disabled_account_gets_no_link",
        "test_mail_about_an_account_that_is_gone_is_not_sent",
    ],
}


@pytest.mark.parametrize("promises", [TRAPS, FAILURES], ids=["traps", "failures"])
def test_every_promise_has_a_test_that_is_there(promises: dict[str, list[str]]) -> None:
    source = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)", source, re.M))
    assert all(promises.values())
    assert {test for tests in promises.values() for test in tests} <= there
