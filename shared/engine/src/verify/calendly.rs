//! Calendly: <https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures>.

use super::freshness::Future;
use super::timestamped::Layout;

/// Calendly's example refuses only what is too old, by three minutes.
pub(super) const LAYOUT: Layout = Layout {
    header: "calendly-webhook-signature",
    future: Future::Accepted,
};
