//! What the documentation shows of a cluster.

use std::process::Command;

use podsec_control_plane::Cluster;

/// What differs from one run to the next, in the form in which `docs/plan.md` has it.
fn settled(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim_end().lines() {
        let mut words: Vec<_> = line.split(' ').map(ToOwned::to_owned).collect();
        for index in 0..words.len() {
            let word = words[index].trim_end_matches([',', ';', ')']).to_owned();
            if word.parse::<jiff::Timestamp>().is_ok() {
                words[index] = words[index].replace(&word, "2030-01-01T00:00:00Z");
            }
            let seconds =
                index > 1 && words[index - 2..index] == ["read", "in"] && word.parse::<f64>().is_ok();
            if seconds {
                "0.1".clone_into(&mut words[index]);
            }
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

/// The commands that a page shows, with what it shows of each.
fn shown(page: &str) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ podsec ") else { continue };
        let mut text = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("```") && !line.starts_with("$ ")) {
            text.push(line);
        }
        shown.push((command.to_owned(), text.join("\n")));
    }
    shown
}

#[tokio::test]
async fn what_the_pages_show_of_a_cluster_is_what_is_printed() {
    let cluster = Cluster::builder().start().await.expect("a control plane");
    let files = std::fs::read_dir(crate::stage::path("examples/workloads")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    // A namespace comes before what is in it.
    files.sort();
    for file in &files {
        cluster.apply_file(file).unwrap();
    }
    let run = |command: &str| {
        let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
        podsec.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1");
        podsec.env("KUBECONFIG", cluster.admin_kubeconfig().unwrap()).args(command.split(' '));
        String::from_utf8(podsec.output().unwrap().stdout).unwrap()
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for subcommand in ["plan", "why"] {
        if subcommand == "why" {
            cluster
                .apply_file(crate::stage::path("crds/podsec.dev_clusterpodsecurityprofiles.yaml").as_ref())
                .unwrap();
            let crd = format!("crd/{}", podsec::cluster::crd::name());
            cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=90s", &crd]).unwrap();
            for profile in ["apps-with-exemption", "everything"] {
                let file = format!("examples/profiles/{profile}.yaml");
                cluster.apply_file(crate::stage::path(&file).as_ref()).unwrap();
            }
        }
        for page in ["README.md", "docs/plan.md"] {
            let text = std::fs::read_to_string(crate::stage::path(page)).unwrap();
            // The transcript is of the demo's cluster, and its own test compares it with the demo.
            let text = text.split("<!-- transcript:").next().unwrap_or_default();
            let commands = shown(text).into_iter();
            for (command, shown) in
                commands.filter(|(command, _)| command.split(' ').next() == Some(subcommand))
            {
                let printed = settled(&run(&command));
                if printed != settled(&shown) {
                    wrong.push(format!("{page}: podsec {command} prints\n{printed}\n"));
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 4, "{count} commands found");
}
