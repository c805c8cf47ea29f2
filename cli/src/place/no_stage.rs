//! Stages, in a program that was built without AWS: there are none.

use std::convert::Infallible;
use std::future::{Ready, ready};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{Desk, Hold, Operated, SetConfig, SettingChange};
use holdfast_embedded::ports::EmbeddedPorts;
use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::import::{self, Batch};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::operate::Operate;

use super::{Breaker, Live, Overview, Place, Stack, StackName, Webhook};
use crate::failure::Failure;
use crate::packs::FolderPack;

/// A stage, of which there is none.
pub(crate) struct Stage(Infallible);

impl Stage {
    /// Opens the stack of a stage.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn open(stack: &StackName) -> Ready<Result<Self, Failure>> {
        ready(Err(Failure::Usage(format!(
            "this `holdfast` was built without AWS and cannot reach the stack {stack}; build one \
             that can: cargo build --release -p holdfast --features aws"
        ))))
    }
}

impl Place for Stage {
    type Ports = EmbeddedPorts<SystemClock>;

    fn desk(&self) -> &Desk<Self::Ports> {
        match self.0 {}
    }

    async fn overview(&self) -> Result<Overview, Failure> {
        match self.0 {}
    }

    async fn all(&mut self, _: Vec<Operate>) -> Result<Vec<Operated>, Failure> {
        match self.0 {}
    }

    async fn import(&mut self, _: Batch) -> Result<Vec<import::Outcome>, Failure> {
        match self.0 {}
    }

    async fn hold(&mut self, _: &Hold) -> Result<Breaker, Failure> {
        match self.0 {}
    }

    async fn set(&mut self, _: &SetConfig) -> Result<SettingChange, Failure> {
        match self.0 {}
    }

    async fn history(&self, _: &TenantName, _: &PackName) -> Result<Vec<SettingChange>, Failure> {
        match self.0 {}
    }

    fn waits(&self) -> Option<&'static str> {
        match self.0 {}
    }
}

impl Stack for Stage {
    fn tenants(&self) -> Vec<TenantName> {
        match self.0 {}
    }

    async fn live(&self, _: &TenantName) -> Result<Vec<Live>, Failure> {
        match self.0 {}
    }

    async fn texts(&self, _: &ManifestId) -> Result<Files, Failure> {
        match self.0 {}
    }

    async fn publish(
        &self,
        _: &TenantName,
        _: &FolderPack,
        _: Option<u8>,
        _: &str,
    ) -> Result<(), Failure> {
        match self.0 {}
    }

    async fn rollback(&self, _: &TenantName, _: &PackName, _: &str) -> Result<Live, Failure> {
        match self.0 {}
    }

    async fn keep_development_secret(
        &self,
        _tenant: &TenantName,
        _name: &str,
    ) -> Result<bool, Failure> {
        match self.0 {}
    }

    async fn webhook(&self) -> Result<Webhook, Failure> {
        match self.0 {}
    }
}
