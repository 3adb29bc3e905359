//! podsec as shipped, installed as an administrator does.
//!
//! Nearly every test needs it, so it goes without kubectl, which would take as long as all the rest.

use std::sync::LazyLock;

use jiff::Timestamp;
use k8s_openapi::{
    api::authorization::v1::SelfSubjectAccessReview,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::{GroupVersionKind, TypeMeta},
    discovery::ApiResource,
    runtime::wait::{await_condition, conditions},
};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{DEADLINE, LEASE, Stage, USER, eventually, is_later_than, path};

static DEFINITIONS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let names = ["clusterpodsecurityprofiles", "podsecurityreports"];
    names.iter().flat_map(|name| documents(&format!("crds/podsec.dev_{name}.yaml"))).collect()
});

static INSTALLATION: LazyLock<Vec<Value>> = LazyLock::new(|| documents("deploy/install.yaml"));

/// The documents of a file of the repository.
fn documents(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path(file)).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// Applies an object of any kind as `kubectl apply --server-side` does.
pub(super) async fn apply(client: &Client, object: &Value) {
    let kind: TypeMeta = serde_json::from_value(object.clone()).unwrap();
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(kind).unwrap());
    let metadata = &object["metadata"];
    let api: Api<DynamicObject> = match metadata["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let name = metadata["name"].as_str().unwrap();
    let params = PatchParams { field_manager: Some("kubectl".into()), ..PatchParams::default() };
    let params = params.validation_strict();
    api.patch(name, &params, &Patch::Apply(object)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Installs all of it, and gives the user what the shipped roles grant.
pub(super) async fn install(cluster: &Cluster) {
    let (admin, user) = (cluster.admin().unwrap(), cluster.client(USER).unwrap());
    install_crds(&admin).await;
    let installed = Timestamp::now().as_second();
    for object in &*INSTALLATION {
        apply(&admin, object).await;
    }
    bind_cluster_role(&admin).await;
    bind_role(&admin, USER).await;
    let reports = || async { may(&user, "podsec.dev", "podsecurityreports").await.then_some(()) };
    eventually("the role to take effect", reports).await;
    // What is written in the very second in which the CRD was created could be of an earlier one.
    is_later_than(installed).await;
}

async fn install_crds(admin: &Client) {
    for definition in &*DEFINITIONS {
        apply(admin, definition).await;
    }
    for definition in &*DEFINITIONS {
        let definitions = Api::<CustomResourceDefinition>::all(admin.clone());
        let name = definition["metadata"]["name"].as_str().unwrap();
        let established = await_condition(definitions, name, conditions::is_crd_established());
        timeout(DEADLINE, established).await.expect("Established in time").expect("a watch");
    }
}

async fn bind_cluster_role(admin: &Client) {
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "podsec"});
    let user = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER});
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "test"}, "roleRef": role, "subjects": [user],
    });
    apply(admin, &binding).await;
}

async fn bind_role(admin: &Client, user: &str) {
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "podsec"});
    let subject = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user});
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": format!("test-{user}"), "namespace": LEASE.0}, "roleRef": role, "subjects": [subject],
    });
    apply(admin, &binding).await;
}

async fn may(user: &Client, group: &str, resource: &str) -> bool {
    let attributes = json!({"verb": "patch", "group": group, "resource": resource});
    let review = serde_json::from_value(json!({"spec": {"resourceAttributes": attributes}})).unwrap();
    let reviews: Api<SelfSubjectAccessReview> = Api::all(user.clone());
    let review = reviews.create(&PostParams::default(), &review).await;
    review.is_ok_and(|review| review.status.is_some_and(|status| status.allowed))
}

impl Stage {
    /// Installs the CRDs, and waits until they are served.
    pub(crate) async fn install_crds(&self) {
        install_crds(&self.admin).await;
    }

    /// Gives the user what the shipped cluster role grants.
    pub(crate) async fn bind_cluster_role(&self) {
        bind_cluster_role(&self.admin).await;
    }

    /// Gives a user what the shipped role grants in podsec's own namespace.
    pub(crate) async fn bind_role(&self, user: &str) {
        bind_role(&self.admin, user).await;
    }

    /// Whether the user may write namespaces now.
    pub(crate) async fn may_patch(&self) -> bool {
        may(&self.user, "", "namespaces").await
    }
}
