//! Calls with a token: one that the receiver does not know any more is replaced, once.

use holdfast_engine::definition::model::OAuth2;
use holdfast_engine::port::{Call, CallError, HttpResponse, Secrets};
use http::header::AUTHORIZATION;
use tokio::time::Instant;

use super::base::Base;
use super::{ReqwestHttp, finish};
use crate::client::Outbound;

/// What a receiver answers to a token that it does not know.
const UNAUTHORIZED: u16 = 401;

impl<S: Secrets> ReqwestHttp<S> {
    /// Sends with a token. A 401 says that nothing was done, so that the call is made once more
    /// with another token, unless this one is fresh or the author says what a 401 means.
    pub(super) async fn authorized(
        &self,
        call: &Call<'_>,
        client: &OAuth2,
        base: &Base,
        (mut outbound, deadline): (Outbound, Instant),
    ) -> Result<HttpResponse, CallError> {
        let is_treated = call.connection.treat.contains_key(&UNAUTHORIZED);
        let mut is_last = is_treated;
        loop {
            let with = (&self.client, &*self.secrets);
            let had = self.tokens.get(with, (call, client), deadline).await?;
            outbound
                .headers
                .insert(AUTHORIZATION, had.token.header.clone());
            let sent = self.follow(call, base, outbound.clone(), deadline);
            let (response, wrote) = sent.await?;
            if response.status != UNAUTHORIZED {
                return finish(call, response, wrote);
            }
            had.token.refuse();
            if is_last || wrote || had.is_fresh {
                return finish(call, response, wrote);
            }
            is_last = true;
        }
    }
}
