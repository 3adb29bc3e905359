//! What tests do with reports.

use kube::{Api, core::DynamicObject, discovery::ApiResource};
use podsec::api::PodSecurityReport;
use serde_json::Value;

use super::Stage;

impl Stage {
    fn reports(&self, namespace: &str) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<PodSecurityReport>(&());
        Api::namespaced_with(self.admin.clone(), namespace, &resource)
    }

    /// The report of a namespace, once there is one.
    pub(crate) async fn report(&self, namespace: &str) -> Value {
        self.report_that(namespace, "a report", |_| true).await
    }

    /// The report of a namespace, once it is as wanted.
    pub(crate) async fn report_that(
        &self,
        namespace: &str,
        what: &str,
        is_as_wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let what = format!("the report of {namespace} to show {what}");
        self.eventually(&what, || async {
            let found = self.reports(namespace).get_opt(PodSecurityReport::NAME).await.unwrap()?;
            is_as_wanted(&found.data).then_some(found.data)
        })
        .await
    }

    /// Waits until a report shows a state with a reason.
    pub(crate) async fn reports_state(&self, namespace: &str, state: &str, reason: &str) -> Value {
        let what = format!("{state} ({reason})");
        self.report_that(namespace, &what, |report| report["state"] == state && report["reason"] == reason)
            .await
    }

    /// Waits until a namespace has no report.
    pub(crate) async fn has_no_report(&self, namespace: &str) {
        let what = format!("{namespace} to have no report");
        self.eventually(&what, || async {
            let found = self.reports(namespace).get_opt(PodSecurityReport::NAME).await.unwrap();
            found.is_none().then_some(())
        })
        .await;
    }
}
