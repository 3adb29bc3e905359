//! What `examples/flux/` is for: no pod starts in a new namespace before its labels are there.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use podsec_control_plane::Cluster;
use serde_json::Value;

use super::{Flux, PLACE, ready};
use crate::stage::{
    path,
    seen::{Seen, stored},
};

/// The namespaces that come at once.
const MANY: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_pod_starts_in_a_new_namespace_before_its_labels_are_there() {
    let mut flux = Flux::on(Cluster::builder().controller_manager().nodes(1)).await;
    let watched = Watched::everything(&flux);
    let files = [("profiles/apps.yaml", "profiles/apps.yaml"), ("apps/shop.yaml", "apps/shop.yaml")]
        .map(|(name, file)| (name, example(file)));
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let revision = flux.commits_files("fleet", &files).await;
    let kustomizations: Vec<Value> = serde_saphyr::from_multiple(&example("kustomizations.yaml")).unwrap();
    let [profiles, apps] = kustomizations.as_slice() else { panic!("two Kustomizations") };

    flux.stage.start();
    flux.takes_on(profiles).await;
    flux.is_green("pod-security-profiles", &revision).await;

    // With nobody to label a namespace nothing starts there.
    flux.stage.stop().await;
    flux.takes_on(apps).await;
    flux.stage
        .eventually("the namespace shop", || async { flux.stage.namespaces().get_opt("shop").await.unwrap() })
        .await;
    assert!(flux.stage.of::<Deployment>("shop").get_opt("web").await.unwrap().is_none());
    let status = flux.kustomizations().get("apps").await.unwrap();
    let status = serde_json::to_value(status).unwrap();
    assert_ne!(ready(&status).unwrap().0, "True");

    flux.stage.start();
    flux.is_green("apps", &revision).await;
    watched.came_in_order(&flux, "shop", &["warn", "enforce"]).await;

    // Nor is it a race that is merely won.
    let shop = example("apps/shop.yaml");
    let all: Vec<_> = (0..MANY).map(|number| shop.replace("shop", &format!("shop-{number}"))).collect();
    let profile = example("profiles/apps.yaml");
    let files = [
        ("profiles/apps.yaml", profile.as_str()),
        ("apps/shop.yaml", &shop),
        ("apps/more.yaml", &all.join("---\n")),
    ];
    let revision = flux.commits_files("fleet", &files).await;
    flux.is_green("apps", &revision).await;
    for number in 0..MANY {
        watched.came_in_order(&flux, &format!("shop-{number}"), &["warn", "enforce"]).await;
    }
}

impl Flux {
    /// Creates a Kustomization of the example.
    async fn takes_on(&self, kustomization: &Value) {
        let mut object = kustomization.clone();
        object["metadata"]["namespace"] = PLACE.into();
        let name = object["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply("test");
        self.kustomizations().patch(name, &params, &Patch::Apply(&object)).await.unwrap();
    }
}

/// What was stored when.
struct Watched {
    namespaces: Seen,
    deployments: Seen,
    pods: Seen,
}

impl Watched {
    fn everything(flux: &Flux) -> Self {
        let client = &flux.stage.admin;
        Self {
            namespaces: Seen::all_of(flux.stage.namespaces()),
            deployments: Seen::all_of(Api::<Deployment>::all(client.clone())),
            pods: Seen::all_of(Api::<Pod>::all(client.clone())),
        }
    }

    /// The labels of these modes, then the Deployment, then its pods.
    async fn came_in_order(&self, flux: &Flux, name: &str, modes: &[&str]) {
        let of = |object: &Value| object["metadata"]["namespace"] == name;
        flux.stage
            .eventually(&format!("two pods in {name}"), || async {
                let pods = self.pods.all();
                let running = |pod: &&Value| of(pod) && pod["status"]["phase"] == "Running";
                let mut names: Vec<_> =
                    pods.iter().filter(running).map(|pod| pod["metadata"]["name"].clone()).collect();
                names.sort_by_key(Value::to_string);
                names.dedup();
                (names.len() == 2).then_some(())
            })
            .await;
        let labelled = async |mode: &str| {
            let is_labelled = |namespace: &Value| {
                let label = &namespace["metadata"]["labels"][format!("pod-security.kubernetes.io/{mode}")];
                namespace["metadata"]["name"] == name && !label.is_null()
            };
            self.namespaces.first(&format!("{name} with {mode}"), is_labelled).await
        };
        let deployed = self.deployments.first(&format!("the Deployment in {name}"), of).await;
        let started = self.pods.all().iter().filter(|pod| of(pod)).map(stored).min().unwrap();
        for mode in modes {
            let labelled = labelled(mode).await;
            assert!(labelled < deployed, "{name}: {mode} as of {labelled}, deployed as of {deployed}");
        }
        assert!(deployed < started, "{name}: deployed as of {deployed}, the first pod as of {started}");
    }
}

fn example(file: &str) -> String {
    std::fs::read_to_string(path(&format!("examples/flux/{file}"))).unwrap()
}
