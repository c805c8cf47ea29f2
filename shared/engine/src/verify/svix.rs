//! Svix: Standard Webhooks under its own headers, <https://docs.svix.com/receiving/verifying-payloads/how-manual>.

use super::standard_webhooks::Names;

pub(super) const NAMES: Names = Names {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};
