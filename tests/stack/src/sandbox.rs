//! The provider that answers a stack under test.

use holdfast_engine::name::TenantName;
use serde_json::Value as Json;

use crate::{Stack, eventually};

impl Stack {
    fn sandbox(&self, path: &str) -> String {
        let url = self.ports.config().sandbox_url.as_ref();
        let url = url.expect("the stack under test is answered by a sandbox");
        format!("{url}/sandbox/{path}")
    }

    /// What the sandbox received for a tenant, oldest first.
    pub async fn deliveries(&self, tenant: &TenantName) -> Vec<Json> {
        let answer = self.http.get(self.sandbox("deliveries")).send();
        let all: Vec<Json> = answer.await.unwrap().json().await.unwrap();
        let theirs = all.into_iter();
        theirs
            .filter(|delivery| delivery["tenant"] == tenant.as_str())
            .collect()
    }

    /// What the sandbox received for a tenant that speaks of something.
    pub async fn deliveries_about(&self, tenant: &TenantName, what: &str) -> Vec<Json> {
        let mut found = self.deliveries(tenant).await;
        found.retain(|delivery| delivery["payload"].to_string().contains(what));
        found
    }

    /// Waits until the sandbox received something for a tenant that speaks of something.
    pub async fn delivered(&self, tenant: &TenantName, what: &str) -> Json {
        eventually(&format!("{tenant} sends {what}"), async || {
            self.deliveries_about(tenant, what).await.pop()
        })
        .await
    }

    /// Has a connection answered so from now on.
    pub async fn answer_so(&self, tenant: &TenantName, connection: &str, manner: &Json) {
        let url = self.sandbox(&format!("answers/{tenant}/{connection}"));
        let said = self.http.put(url).json(manner).send().await.unwrap();
        assert_eq!(said.status(), 204);
    }

    /// Has a connection answered as its definition says.
    pub async fn answer_as_defined(&self, tenant: &TenantName, connection: &str) {
        let url = self.sandbox(&format!("answers/{tenant}/{connection}"));
        let said = self.http.delete(url).send().await.unwrap();
        assert_eq!(said.status(), 204);
    }
}
