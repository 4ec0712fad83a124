"""Where consent is asked: every point, the modules that ask there, and the tests that prove it.

`tests/unit/project/test_enforcement_points.py` fails for a module that asks about consent and is in
no point, for a point without a test, and for a test or module that is not there. It cannot find a
path that asks nothing: `tests/property/test_withdrawal.py` reads every route of the API for that.
"""

from dataclasses import dataclass

_WITHDRAWAL = "tests/property/test_withdrawal.py::test_nothing_that_was_withdrawn_is_shown_anywhere"
_PROVEN = "tests/unit/proving/test_prove_consent.py::test_our_rules_and_the_oracle_agree"
_IN_DATABASE = (
    "tests/integration/test_prove_consent_in_database.py::test_the_database_agrees_with_the_oracle"
)
_RULE = "tests/property/test_consent_in_force.py::test_the_rule_agrees_with_the_oracle"
_STORE = "tests/property/test_consent_in_force.py::test_the_store_agrees_with_the_rule"
_WORKER = "tests/integration/test_worker.py::test_withdrawal_takes_effect_on_the_next_message"


@dataclass(frozen=True, slots=True)
class Point:
    """A point of enforcement.

    says : what happens there without consent. modules : paths of the files that ask. tests :
    pytest ids.
    """

    name: str
    says: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


POINTS: tuple[Point, ...] = (
    Point(
        "rule",
        "Which decision is in force, by purpose, channel, category of data, recipient and time.",
        (
            "customer_context/consent/state.py",
            "services/consent.py",
            "store/people/consent.py",
            "store/postgres/consent_order.py",
        ),
        (_RULE, _STORE),
    ),
    Point(
        "partners",
        "A partner sees only who has granted it to this partner, for a purpose and until a time.",
        ("customer_context/consent/partners.py", "services/partners.py"),
        (
            "tests/property/test_partner_grants.py::test_a_partner_sees_what_it_was_granted",
            "tests/integration/test_partners.py::test_a_partner_sees_only_who_granted_it",
            "tests/integration/test_partners.py::test_a_person_of_a_partner_works_on_its_pages",
        ),
    ),
    Point(
        "merge of customers",
        "Of consents under several ids of a customer the narrower one counts; a merge permits "
        "nothing.",
        (
            "customer_context/consent/narrowing.py",
            "services/merging.py",
            "services/one_customer.py",
        ),
        (
            "tests/property/test_merged_consents.py::test_the_narrower_counts",
            "tests/integration/test_merging.py::test_merge_and_split_give_back_what_was",
        ),
    ),
    Point(
        "matrix and record",
        "What a customer's page, an agent and a supervisor are shown of consents is what the rule "
        "says at that time.",
        ("customer_context/consent/matrix.py", "customer_context/consent/record.py"),
        (
            "tests/unit/customer_context/test_consent_matrix_rule.py::"
            "test_each_cell_says_what_the_rule_says",
            "tests/integration/test_consent_receipt.py::"
            "test_a_record_has_all_sections_and_every_decision",
        ),
    ),
    Point(
        "double opt-in",
        "A grant of e-mails that somebody else has entered permits nothing before the reader of "
        "the address confirms it, once and in time. A link of the same form renews a consent.",
        ("customer_context/consent/opt_in.py", "services/consent_links.py"),
        (
            "tests/property/test_opt_in.py::test_what_can_be_confirmed",
            "tests/integration/test_double_opt_in.py::"
            "test_a_grant_by_an_agent_holds_when_its_reader_confirms_it",
            _PROVEN,
        ),
    ),
    Point(
        "reminders of consents that end",
        "Nobody is reminded of a consent that is not in force, or by a channel that is not "
        "granted.",
        ("services/consent_renewals.py",),
        (
            "tests/integration/test_double_opt_in.py::"
            "test_a_consent_ends_and_its_customer_is_reminded_once",
            "tests/integration/test_double_opt_in.py::"
            "test_no_reminder_of_what_is_decided_anew_or_was_short",
        ),
    ),
    Point(
        "stream",
        "A sample that no purpose of its holder covers is refused before it is stored or computed "
        "from, sample by sample.",
        ("ingest/batch/steps.py",),
        (_PROVEN, _WORKER),
    ),
    Point(
        "stream, fast path",
        "Messages of a topic whose holder does not agree take the way through all steps.",
        ("ingest/decoding/fast_path/classify.py",),
        (_PROVEN, _WORKER),
    ),
    Point(
        "snapshot of ingest",
        "A decision is in force with the next batch of each worker; a date that begins or ends a "
        "decision too.",
        ("ingest/registry.py",),
        (
            "tests/property/test_registry_follows.py::"
            "test_a_registry_that_follows_equals_one_read_as_a_whole",
            _IN_DATABASE,
        ),
    ),
    Point(
        "storage",
        "What is in the tables of samples is what the rule allowed when it arrived.",
        ("ingest/registry.py", "ingest/batch/steps.py"),
        (_IN_DATABASE,),
    ),
    Point(
        "scores",
        "Nobody is scored who does not agree to be, and no score is recorded or announced.",
        (
            "services/driving_scores.py",
            "services/score_versions.py",
            "services/trip_counting.py",
        ),
        (
            "tests/integration/test_score_commands.py::"
            "test_who_no_longer_agrees_is_in_no_file_and_no_fit",
            "tests/integration/test_contacts_decisions.py::test_nobody_is_scored_without_consent",
            "tests/integration/test_consent_ledger.py::"
            "test_a_command_shows_no_features_that_may_only_be_stored",
        ),
    ),
    Point(
        "planning of contacts",
        "A playbook does nothing without its purpose, and sends nothing by a channel without that "
        "channel's.",
        ("customer_context/playbooks/plan.py", "services/preferences.py", "services/situation.py"),
        (
            "tests/unit/customer_context/test_playbooks.py::"
            "test_nothing_is_planned_without_purpose_and_channel",
            "tests/integration/test_preferred_channel.py::"
            "test_a_choice_that_cannot_be_met_counts_for_nothing",
            _PROVEN,
            _IN_DATABASE,
        ),
    ),
    Point(
        "sending of contacts",
        "Each contact is asked about again when it is sent, to its purpose, its channel and its "
        "signal's purpose.",
        ("services/contact_flow.py",),
        (
            "tests/integration/test_contacts_delivery.py::"
            "test_consent_is_asked_again_when_it_is_sent",
            "tests/property/test_withdrawal.py::"
            "test_a_contact_about_a_withdrawn_signal_is_not_sent",
            _PROVEN,
            _IN_DATABASE,
        ),
    ),
    Point(
        "changes for back offices",
        "Feed, Kafka and webhooks say which purposes of a customer are granted, and each change.",
        ("services/registry_changes.py",),
        (
            "tests/conformance/test_changes.py::test_the_feed",
            "tests/conformance/test_changes.py::test_webhooks",
        ),
    ),
    Point(
        "contacts that wait",
        "A withdrawal, also by a stop link or a reply STOP, refuses them in its own transaction.",
        ("services/consent.py", "services/stop_link.py"),
        (
            "tests/integration/test_stop_link.py::test_one_click_of_a_mail_program",
            "tests/integration/test_stop_link.py::test_a_reply",
        ),
    ),
    Point(
        "evidence of alerts",
        "Nothing is computed of a meter whose customer does not agree, nor of what was measured "
        "under another customer's contract.",
        ("store/reads/metering.py",),
        (
            "tests/integration/test_alert_evidence.py::"
            "test_nothing_is_computed_of_others_nor_of_who_withdrew",
        ),
    ),
    Point(
        "lists and single rows",
        "Alerts, signals and events are left out; cases and contacts stay with a neutral text.",
        (
            "services/visibility.py",
            "services/alert_flow.py",
            "services/case_flow.py",
            "services/signal_flow.py",
            "services/work_queue.py",
            "api/pages/fleet.py",
            "api/pages/overview.py",
            "api/routes/insurers/trips.py",
        ),
        (_WITHDRAWAL, _PROVEN, _IN_DATABASE),
    ),
    Point(
        "context and timeline",
        "What is known about a customer has nothing that rests on a withdrawn purpose, but for "
        "the customer.",
        ("services/customer_context.py", "services/timeline.py"),
        (
            _WITHDRAWAL,
            "tests/integration/test_timeline.py::"
            "test_what_rests_on_a_withdrawn_purpose_is_hidden_but_not_from_its_customer",
        ),
    ),
    Point(
        "steps of cases",
        "A condition of a case type sees which purposes are granted, and the engine nothing else.",
        ("services/case_steps.py",),
        ("tests/property/test_case_engine.py::test_rules_and_oracle_agree",),
    ),
    Point(
        "facts of decisions",
        "A fact without consent for its purpose does not exist for a decision.",
        ("customer_context/facts/known.py",),
        (
            "tests/unit/customer_context/test_facts.py::"
            "test_without_consent_nothing_that_rests_on_a_purpose_exists",
        ),
    ),
    Point(
        "next best action",
        "What rests on a fact that does not exist is no candidate, and the record names no value.",
        (
            "customer_context/next_best_action/answer.py",
            "customer_context/next_best_action/decide.py",
            "customer_context/next_best_action/explain.py",
            "customer_context/next_best_action/record.py",
        ),
        (
            "tests/property/test_next_best_action.py::test_rules_and_oracle_agree",
            "tests/unit/customer_context/test_actions.py::"
            "test_nothing_while_a_complaint_is_open_nor_without_the_purpose",
        ),
    ),
    Point(
        "notices of cases",
        "A milestone sends nothing about a withdrawn purpose, and nothing by e-mail without that.",
        ("services/case_notices.py",),
        (
            "tests/integration/test_case_notices.py::test_a_withdrawn_purpose_is_no_notice",
            "tests/integration/test_case_notices.py::test_the_inbox_takes_what_e_mail_may_not",
        ),
    ),
    Point(
        "readings of people",
        "Nobody but the customer learns of a meter, nothing is entered, nobody is invited to read, "
        "and nothing is estimated, settled, released or sent to billing.",
        (
            "services/reading_rounds.py",
            "services/meter_corrections.py",
            "services/meter_events.py",
            "store/people/meter_data.py",
        ),
        (
            "tests/integration/test_entered_readings.py::"
            "test_who_may_not_see_the_meter_learns_nothing",
            "tests/integration/test_reading_rounds.py::"
            "test_nothing_is_sent_without_consent_or_channel",
            "tests/integration/test_reading_links.py::"
            "test_who_has_left_or_withdrawn_enters_nothing",
            "tests/integration/test_meter_data.py::"
            "test_events_leave_by_kafka_where_it_feeds_the_store",
        ),
    ),
    Point(
        "backtest",
        "A playbook that is tried on history sees the purposes that were in force then; a decision "
        "on actions that rests on a withdrawn one is not used.",
        ("services/backtest.py", "services/backtest_actions.py"),
        (
            "tests/integration/test_backtest.py::test_the_live_set_gives_what_was_decided",
            "tests/integration/test_backtest_week.py::"
            "test_a_week_is_as_it_was_decided_whatever_is_known_now",
        ),
    ),
    Point(
        "stored decisions",
        "Nothing is read or offered without its purpose, and a stored decision that rests on a "
        "withdrawn one is shown to nobody.",
        ("services/decisions.py",),
        (
            "tests/integration/test_decisions.py::test_without_its_purpose_a_decision_is_gone",
            "tests/integration/test_outbound.py::test_who_objects_or_has_withdrawn_gets_nothing",
        ),
    ),
    Point(
        "API",
        "Scores, trips, crashes, meters and portfolios answer as if the withdrawn were not there.",
        (
            "api/resources/subjects.py",
            "api/routes/customers/own.py",
            "services/attributes.py",
            "store/people/subjects.py",
            "store/reads/driving.py",
            "store/reads/metering.py",
            "store/reads/overviews.py",
        ),
        (
            _WITHDRAWAL,
            "tests/integration/test_api_writes.py::test_a_withdrawal_takes_effect_at_once",
        ),
    ),
    Point(
        "pages",
        "The same on every page; the live stream of a page too.",
        ("api/pages/today.py", "api/pages/fleet.py", "store/reads/pages.py"),
        (
            _WITHDRAWAL,
            "tests/property/test_withdrawal.py::test_the_stream_leaves_out_what_was_withdrawn",
        ),
    ),
    Point(
        "repeated answers",
        "A stored answer of an idempotent request is not given again after a later decision.",
        ("api/http/idempotency.py",),
        (_WITHDRAWAL,),
    ),
    Point(
        "exports for analysts",
        "The views have rows only where the customer grants the purpose now.",
        ("store/schema/analysis_views.py",),
        (
            "tests/integration/test_analysis.py::"
            "test_an_analyst_sees_one_tenant_and_only_what_is_granted",
            _STORE,
        ),
    ),
    Point(
        "labels of recordings",
        "A labelled recording is listed, and judged by, only while its customer agrees to "
        "detection_training.",
        ("services/crash_labels.py",),
        ("tests/integration/test_crash_labels.py::test_the_driver_says_what_it_was",),
    ),
    Point(
        "commands",
        "`show`, `signals` and `contacts` leave out what was withdrawn.",
        ("app/operations/show.py",),
        (
            "tests/integration/test_command_reads.py::test_commands_leave_out_what_was_withdrawn",
            "tests/integration/test_consent_ledger.py::"
            "test_a_command_shows_no_features_that_may_only_be_stored",
        ),
    ),
)


def as_markdown() -> str:
    """Return docs/consent-points.md."""
    lines = [
        "# Where consent is asked",
        "",
        "Written by `tachowatt consent points --markdown`; the list is in",
        "`contracts/enforcement_points.py`.",
        "A test fails for a module that asks about consent and is in no point, and for a point",
        "without a test.",
        "No model is trained on data of customers yet.",
        "",
        "| point | without consent | asked in | proven by |",
        "| --- | --- | --- | --- |",
    ]
    for point in POINTS:
        modules = "<br>".join(f"`{module}`" for module in point.modules)
        tests = "<br>".join(f"`{test}`" for test in point.tests)
        lines.append(f"| {point.name} | {point.says} | {modules} | {tests} |")
    return "\n".join(lines) + "\n"
