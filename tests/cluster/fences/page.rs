//! What `docs/fences.md` says and shows.

use podsec_control_plane::Cluster;

use super::{TENANT, new, stage, try_create, two_profiles};
use crate::{
    ownership::page::{blocks, run},
    stage::path,
};

#[tokio::test]
async fn its_commands_do_what_it_says() {
    let page = std::fs::read_to_string(path("docs/fences.md")).unwrap();
    let (commands, manifests) = (blocks(&page, "console"), blocks(&page, "yaml"));
    let ([install, files, bind, uninstall], [role]) = (commands.as_slice(), manifests.as_slice()) else {
        panic!("{commands:#?} {manifests:#?}");
    };
    let stage = stage(Cluster::builder()).await;
    two_profiles(&stage).await;
    run(&stage, path("."), install);
    let tenant = stage.cluster.client(TENANT).unwrap();
    let exempt = new("legacy-x", &[]);
    let refusal = stage
        .eventually("a name to be refused", || async { try_create(&tenant, &exempt).await.err() })
        .await
        .to_string();
    stage
        .eventually("a new namespace to be labelled", || async {
            let labels = super::levels(&try_create(&tenant, &new("shop", &[])).await.ok()?);
            (!labels.is_empty()).then_some(())
        })
        .await;
    // The words in the table are those of the policy.
    let mut stage_says = vec![refusal];
    stage.namespace("shop", &[("tier", "apps")]).await;
    for change in ["pod-security.kubernetes.io/enforce=privileged", "tier=other"] {
        let label = ["label", "namespace", "shop", "--overwrite", change];
        stage_says.push(stage.cluster.kubectl_as(TENANT, &label).unwrap_err().to_string());
    }
    let annotate = ["annotate", "namespace", "shop", "podsec.dev/enforced=none"];
    stage_says.push(stage.cluster.kubectl_as(TENANT, &annotate).unwrap_err().to_string());
    let rows: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split("` |").next())
        .filter(|cell| cell.contains(": "))
        .collect();
    assert_eq!(rows.len(), stage_says.len(), "{rows:#?}");
    for row in rows {
        let words: Vec<_> = row
            .split(' ')
            .filter(|word| !word.chars().any(|c| c.is_ascii_uppercase()) || word.starts_with("Cluster"))
            .collect();
        let is_said = |said: &&String| words.iter().all(|word| said.contains(word));
        assert!(stage_says.iter().any(|said| is_said(&said)), "{row}\nis not among {stage_says:#?}");
    }

    run(&stage, path("."), files);
    let written = std::fs::read_to_string(path("target/admission-policies.yaml")).unwrap();
    assert!(written.contains("podsec-guard-labels") && !written.contains("podsec-label-new-namespaces"));
    super::apply(&stage, role);
    assert!(run(&stage, path("."), bind).ends_with("yes\n"));
    run(&stage, path("."), uninstall);
    let kinds = "mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,\
                 validatingadmissionpolicybindings";
    assert_eq!(stage.cluster.kubectl(&["get", kinds, "-o", "name"]).unwrap(), "");
}
