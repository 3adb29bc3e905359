//! What somebody may not read is said to be missing, and the rest is read.

use podsec::cluster::workloads::{Resource, Scope, list};
use podsec_control_plane::Cluster;

use super::shown;

const USER: &str = "dev";

#[tokio::test]
async fn what_may_not_be_read_is_missing_and_hides_nothing_else() {
    let cluster = Cluster::builder().user(USER).start().await.unwrap();
    for namespace in ["team-a", "team-b"] {
        cluster.kubectl(&["create", "namespace", namespace]).unwrap();
        cluster.kubectl(&["run", "p", "--image=i", "-n", namespace]).unwrap();
    }
    // All kinds but one, in one of the namespaces.
    let kinds = Resource::ALL.map(Resource::name).into_iter().filter(|name| *name != "cronjobs");
    let resources = format!("--resource={}", kinds.collect::<Vec<_>>().join(","));
    cluster.kubectl(&["create", "role", "read", "-n=team-a", "--verb=list", &resources]).unwrap();
    let user = format!("--user={USER}");
    cluster.kubectl(&["create", "rolebinding", "read", "-n=team-a", "--role=read", &user]).unwrap();
    let client = cluster.client(USER).unwrap();

    let named = Scope::Named(["team-a", "team-b"].map(ToOwned::to_owned).into());
    let mut listing = list(&client, &named, |_| {}).await;
    assert_eq!(shown(&listing.take("team-a")), "Pod/p 1 conforms, without cronjobs");
    assert_eq!(listing.take("team-b").missing().len(), Resource::ALL.len());
    let problems: Vec<_> = listing.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1 + Resource::ALL.len(), "{problems:#?}");
    assert!(
        problems[0].starts_with("cannot list pods in namespace team-b: pods is forbidden"),
        "{}",
        problems[0]
    );

    let mut listing = list(&client, &Scope::All, |_| {}).await;
    assert!(listing.problems.iter().all(|problem| problem.error.category() == "forbidden"));
    assert_eq!(listing.take("team-a").missing().len(), Resource::ALL.len());
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_has_nothing_and_lacks_nothing() {
    let cluster = Cluster::builder().start().await.unwrap();
    let named = Scope::Named(["nowhere".to_owned()].into());
    let mut listing = list(&cluster.admin().unwrap(), &named, |_| {}).await;
    assert_eq!(shown(&listing.take("nowhere")), "");
}
