//! The reports of namespaces as they stand.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::{Api, Client, ResourceExt as _, api::ListParams};
use serde::Deserialize;

use super::{CallError, Item, within_deadline};
use crate::{
    api::{PodSecurityReport, ReportContent},
    rollout::Manager,
};

/// A report as the API server hands it out: whoever may write reports must not be able to make a list of them unreadable.
pub type ReportItem = Item<PodSecurityReport>;

/// How many reports are asked for at a time. One takes up to 20 kB.
const PAGE: u32 = 200;

/// How often a list is begun anew that the API server did not let be read to its end.
const TRIES: usize = 3;

/// Selects podsec's reports among whatever else is written under their kind.
pub fn field_selector() -> String {
    format!("metadata.name={}", PodSecurityReport::NAME)
}

/// What a report says; where it cannot be read, what podsec has to remember and nothing else. That is left out where
/// somebody else has set it: a soak or a raise that podsec did not see opens no gate and repairs nothing.
pub fn content(item: &ReportItem) -> ReportContent {
    let whole = item.read::<PodSecurityReport>().map(|report| report.content);
    let mut content = whole.or_else(|_| ReportContent::salvaged(item.text())).unwrap_or_default();
    if content.soak.is_some() && !is_podsecs_soak(item) {
        content.soak = None;
    }
    content
}

/// Whether nobody is on record for what podsec has to remember but podsec.
fn is_podsecs_soak(item: &ReportItem) -> bool {
    #[derive(Deserialize)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        #[serde(default)]
        managed_fields: Vec<ManagedFieldsEntry>,
    }
    let Ok(Object { metadata }) = item.read() else { return false };
    let has_soak = |entry: &&ManagedFieldsEntry| {
        entry.fields_v1.as_ref().is_some_and(|fields| fields.0.get("f:soak").is_some())
    };
    let is_podsec = |entry: &ManagedFieldsEntry| {
        entry.manager.as_deref() == Some(Manager::Podsec.as_str())
            && entry.operation.as_deref() == Some("Apply")
    };
    metadata.managed_fields.iter().filter(has_soak).all(is_podsec)
}

/// Lists the reports of one namespace, or of all without one: what `reduce` makes of each, by namespace.
///
/// Page by page, so that no more of them is held than what they are reduced to.
///
/// # Errors
///
/// When the API server does not answer, or not to the end; with a 404 when it knows of no reports.
pub async fn list<T>(
    client: &Client,
    namespace: Option<&str>,
    reduce: impl Fn(ReportContent) -> T,
) -> Result<BTreeMap<String, T>, CallError> {
    let mut tries = 1..=TRIES;
    loop {
        tries.next();
        match list_once(client, namespace, &reduce).await {
            // The API server no longer knows what the pages before were of.
            Err(error) if error.code() == Some(410) && !tries.is_empty() => {}
            listed => return listed,
        }
    }
}

async fn list_once<T>(
    client: &Client,
    namespace: Option<&str>,
    reduce: &impl Fn(ReportContent) -> T,
) -> Result<BTreeMap<String, T>, CallError> {
    let api: Api<ReportItem> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let mut listed = BTreeMap::new();
    let mut params = ListParams::default().fields(&field_selector()).limit(PAGE);
    loop {
        let page = within_deadline(api.list(&params)).await?;
        let items = page.items.iter().filter_map(|item| Some((item.namespace()?, reduce(content(item)))));
        listed.extend(items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(listed),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::ReportState;

    #[test]
    fn a_soak_counts_only_where_podsec_alone_has_written_it() {
        let keeps = |entries: Value| {
            let report = json!({"metadata": {"name": "podsec", "namespace": "a", "managedFields": entries},
                "soak": {"namespaceUid": "u", "enforced": "restricted:v1.37"}});
            content(&serde_json::from_value(report).unwrap()).soak.is_some()
        };
        let entry = |manager: &str, operation: &str, fields: Value| {
            json!({"manager": manager, "operation": operation, "apiVersion": "podsec.dev/v1alpha1",
                "fieldsType": "FieldsV1", "fieldsV1": fields, "time": "2026-11-22T10:00:00Z"})
        };
        let soak = json!({"f:soak": {"f:enforced": {}}});
        let own = entry("podsec", "Apply", soak.clone());
        assert!(keeps(json!([own])) && keeps(json!([])));
        assert!(!keeps(json!([own, entry("kubectl-edit", "Update", soak.clone())])));
        assert!(!keeps(json!([entry("podsec", "Update", soak)])));
        let labels = entry("kubectl-label", "Update", json!({"f:metadata": {"f:labels": {"f:a": {}}}}));
        assert!(keeps(json!([own, labels])));
    }

    #[tokio::test]
    async fn reports_are_read_page_by_page_and_an_odd_one_spoils_none() {
        let report = |namespace: &str, state: Value| {
            json!({"metadata": {"name": "podsec", "namespace": namespace}, "state": state,
                "soak": {"namespaceUid": format!("uid-{namespace}")}})
        };
        let pages = [
            json!({"metadata": {"continue": "more"}, "items": [report("a", json!("Held")), report("b", json!(7))]}),
            json!({"metadata": {}, "items": [report("c", json!("Soaking"))]}),
        ];
        let server = tower::service_fn(move |request: Request<Body>| {
            let uri = request.uri().to_string();
            assert!(
                uri.contains("/podsecurityreports?") && uri.contains("fieldSelector=metadata.name%3Dpodsec")
            );
            let page = &pages[usize::from(uri.contains("continue=more"))];
            let body = Body::from(page.to_string().into_bytes());
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(body)))
        });
        let client = Client::new(server, "default");
        let told = |content: ReportContent| (content.state, content.soak.map(|soak| soak.namespace_uid));
        let told = list(&client, None, told).await.unwrap();
        let expected = [("a", ReportState::Held), ("b", ReportState::default()), ("c", ReportState::Soaking)];
        let expected = expected.map(|(name, state)| (name.to_owned(), (state, Some(format!("uid-{name}")))));
        assert_eq!(told, expected.into());
    }
}
