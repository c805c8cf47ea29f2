//! Stripe: <https://docs.stripe.com/webhooks#verify-manually>.

use super::freshness::Future;
use super::timestamped::Layout;

/// Stripe's libraries refuse only what is too old.
pub(super) const LAYOUT: Layout = Layout {
    header: "stripe-signature",
    future: Future::Accepted,
};
