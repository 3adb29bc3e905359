//! What can be in podsec's way when it writes a namespace.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use serde_json::{Value, json};

use super::{Stage, USER};

impl Stage {
    /// Has the API server forbid whatever podsec writes to the namespaces whose name begins so; `namespace` is one.
    pub(crate) async fn forbids(&self, name: &str, namespace: &str) {
        let policy = json!({"metadata": {"name": name}, "spec": {
            "matchConstraints": {"resourceRules": [update_of_namespaces()]},
            "matchConditions": [{"name": "podsec", "expression": by_podsec("")}],
            "validations": [{
                "expression": format!("!object.metadata.name.startsWith('{name}')"),
                "reason": "Forbidden", "message": "not by podsec",
            }],
        }});
        let binding =
            json!({"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}});
        let policies: Api<ValidatingAdmissionPolicy> = Api::all(self.admin.clone());
        let policy = serde_json::from_value(policy).unwrap();
        policies.create(&PostParams::default(), &policy).await.unwrap();
        let binding = serde_json::from_value(binding).unwrap();
        self.bindings().create(&PostParams::default(), &binding).await.unwrap();
        self.is_refused_a_write(namespace, "not by podsec").await;
    }

    /// Ends what [`Self::forbids`] began.
    pub(crate) async fn permits(&self, name: &str) {
        self.bindings().delete(name, &DeleteParams::default()).await.unwrap();
    }

    fn bindings(&self) -> Api<ValidatingAdmissionPolicyBinding> {
        Api::all(self.admin.clone())
    }

    /// Puts a webhook that nobody serves in the way of what podsec writes to the namespaces whose name begins so;
    /// `namespace` is one.
    pub(crate) async fn breaks_webhook(&self, name: &str, namespace: &str) {
        let of_these = format!(" && object.metadata.name.startsWith('{name}')");
        let webhook = json!({"metadata": {"name": name}, "webhooks": [{
            "name": "broken.example.com", "clientConfig": {"url": "https://127.0.0.1:1/"}, "failurePolicy": "Fail",
            "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
            "rules": [update_of_namespaces()],
            "matchConditions": [{"name": "podsec", "expression": by_podsec(&of_these)}],
        }]});
        let webhook = serde_json::from_value(webhook).unwrap();
        self.webhooks().create(&PostParams::default(), &webhook).await.unwrap();
        self.is_refused_a_write(namespace, "failed calling webhook").await;
    }

    /// Ends what [`Self::breaks_webhook`] began.
    pub(crate) async fn mends_webhook(&self, name: &str) {
        self.webhooks().delete(name, &DeleteParams::default()).await.unwrap();
    }

    fn webhooks(&self) -> Api<ValidatingWebhookConfiguration> {
        Api::all(self.admin.clone())
    }

    /// Waits until podsec could not write a namespace: the API server does not know of such things at once.
    async fn is_refused_a_write(&self, namespace: &str, why: &str) {
        let attempt = ["label", "namespace", namespace, "tried=true", "--overwrite", "--dry-run=server"];
        self.eventually(&format!("podsec to be refused: {why}"), || async {
            let refused = self.cluster.kubectl_as(USER, &attempt).err()?;
            refused.to_string().contains(why).then_some(())
        })
        .await;
    }
}

fn update_of_namespaces() -> Value {
    json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["namespaces"]})
}

fn by_podsec(and: &str) -> String {
    format!("request.userInfo.username == '{USER}'{and}")
}
