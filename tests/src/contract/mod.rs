//! What every adapter of a port must do, as sentences that know no adapter.
//!
//! An adapter's test file names a constructor of its subject and gets one test per sentence:
//! `journal_contract!(subject)`. The partitions and queues that a sentence uses are its own, so
//! that all of them can run against one shared deployment.
#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken contract is a panic, as in any test"
)]

pub mod feed;
pub mod journal;
pub mod query;
pub mod queue;
pub mod redrive;
pub mod subject;
pub mod timers;

/// Makes one test per sentence of the named modules.
#[macro_export]
macro_rules! contract {
    ($subject:path, $($module:ident { $($sentence:ident)* })*) => {
        $($(
            #[tokio::test]
            async fn $sentence() {
                let subject = $subject().await;
                $crate::contract::$module::$sentence(&subject).await;
            }
        )*)*
    };
}

/// Tests a journal.
#[macro_export]
macro_rules! journal_contract {
    ($subject:path) => {
        $crate::contract! { $subject,
            journal {
                a_written_item_is_read_with_its_revision
                items_are_read_in_the_order_of_the_keys
                each_write_raises_the_revision_by_one
                a_put_of_what_exists_conflicts_and_tells_what_is_there
                a_put_on_a_stale_revision_conflicts_and_tells_what_is_there
                a_put_on_a_revision_of_what_is_gone_conflicts_and_tells_that_nothing_is_there
                a_conflict_tells_of_each_failed_condition_and_of_no_other
                a_transaction_with_a_failed_condition_writes_nothing
                a_check_guards_the_other_writes_and_changes_nothing
                a_deleted_item_is_absent_and_begins_again
                a_tombstone_keeps_counting
                tables_are_apart
                an_item_of_almost_400_kilobytes_fits
                an_item_over_400_kilobytes_is_too_large
                a_transaction_over_100_writes_is_too_large
                a_transaction_names_an_item_once
                an_empty_transaction_succeeds
                of_racing_writers_one_wins_each_round
            }
            query {
                a_partition_is_read_in_the_order_of_its_sort_keys
                a_query_reads_one_partition_of_one_table
                pages_continue_where_the_last_one_ended
                the_last_page_says_so
                a_page_that_ends_exactly_is_followed_by_none_or_an_empty_one
                a_prefix_is_taken_literally
                a_prefix_at_the_end_of_the_alphabet_has_an_end
                after_a_key_below_the_prefix_begins_with_the_prefix
            }
        }
    };
}

/// Tests queues, timers and the change feed.
#[macro_export]
macro_rules! queue_contract {
    ($subject:path) => {
        $crate::delivery_contract!($subject);
        $crate::turns_contract!($subject);
    };
}

/// Tests in which order a queue delivers what waits: SQS promises it for what is in flight only.
#[macro_export]
macro_rules! turns_contract {
    ($subject:path) => {
        $crate::contract! { $subject,
            queue {
                tenants_take_turns
            }
        }
    };
}

/// Tests queues, timers and the change feed, whatever the order of delivery.
#[macro_export]
macro_rules! delivery_contract {
    ($subject:path) => {
        $crate::contract! { $subject,
            queue {
                a_sent_message_is_received_with_its_stamps
                an_acknowledged_message_never_comes_again
                a_message_in_flight_is_hidden_until_its_visibility_ends
                an_expired_receive_was_counted
                a_delayed_message_is_hidden_until_its_time
                a_retried_message_is_hidden_for_its_delay_and_keeps_its_count
                a_failed_message_comes_again_at_once
                the_eighth_receive_is_the_last
                a_retry_after_the_last_receive_dies_when_its_delay_ends
                a_stale_verdict_changes_nothing
                a_message_over_the_limit_is_refused
                queues_are_apart
            }
            redrive {
                a_dead_letter_is_sent_again_under_a_new_id
                a_redriven_message_has_all_its_receives_again
                a_redrive_of_nothing_moves_nothing
            }
            feed {
                a_created_record_is_fed_with_its_new_image
                changes_are_fed_in_order_with_both_images
                a_deleted_record_is_fed_with_its_old_image
                entries_and_other_tables_are_not_fed
                a_refused_change_is_not_fed
            }
            timers {
                a_timer_sends_its_message_when_it_is_due
                arming_twice_is_arming_once
                timers_of_different_tenants_are_apart
                an_overdue_timer_fires_however_late
            }
        }
    };
}
