//! The guides for those who begin: what they show and name is there. Their commands are run in `tests/cluster/`.

use podsec::api::reasons::StateReason;
use serde_json::Value;

use crate::{first_cells, profiles::blocks, quoted, read};

const GUIDES: [&str; 4] =
    ["docs/getting-started.md", "docs/rollout.md", "docs/security.md", "docs/platforms.md"];

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn the_alerts_that_they_name_exist() {
    let alerts = read("deploy/monitoring/alerts.yaml");
    let mut count = 0;
    for page in GUIDES {
        for name in quoted(&read(page)) {
            if name.starts_with("Podsec") && name.chars().all(char::is_alphanumeric) {
                assert!(alerts.contains(&format!("alert: {name}\n")), "{page}: there is no alert {name}");
                count += 1;
            }
        }
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn the_profiles_of_getting_started_are_those_of_its_files() {
    let page = read("docs/getting-started.md");
    let [first, added]: [String; 2] = blocks(&page).try_into().unwrap();
    let mut file = yaml(&read("examples/getting-started/watch.yaml"));
    assert_eq!(yaml(&first), file);
    for (field, value) in yaml(&added).as_object().unwrap() {
        file["spec"][field] = value.clone();
    }
    assert_eq!(file, yaml(&read("examples/getting-started/enforce.yaml")));
}

#[test]
fn other_ways_of_installing_are_those_of_the_page_about_it() {
    let installing = read("docs/installing.md");
    let page = read("docs/getting-started.md");
    let mut code = false;
    let mut count = 0;
    for line in page.lines() {
        code = if line.starts_with("```") { line == "```console" } else { code };
        if code && ["helm ", "kubectl "].iter().any(|start| line.starts_with(start)) {
            assert!(installing.contains(&format!("\n{line}\n")), "{line}");
            count += 1;
        }
    }
    assert_eq!(count, 2);
}

#[test]
fn each_step_of_a_rollout_changes_what_the_page_says_and_nothing_else() {
    let step = |name: &str| yaml(&read(&format!("examples/rollout/{name}.yaml")));
    let [watch, baseline, restricted, deadline] =
        ["1-watch", "2-baseline", "3-restricted", "4-deadline"].map(step);
    let without = |profile: &Value, fields: &[&str]| {
        let mut profile = profile.clone();
        for field in fields {
            let (parent, name) = field.rsplit_once('/').unwrap();
            profile.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).expect(field);
        }
        profile
    };
    let added = ["/spec/enforce", "/spec/exemptions", "/spec/rollout"];
    assert_eq!(without(&baseline, &added), watch);
    assert_eq!(without(&restricted, &added[..2]), without(&baseline, &added[..2]));
    assert_eq!(without(&deadline, &["/spec/rollout/forceAfter"]), restricted);

    // The table of what the second step adds has its values.
    let page = read("docs/rollout.md");
    let rows = page.lines().filter(|line| line.starts_with("| `rollout.")).collect::<Vec<_>>();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let field = quoted(cells[1]).remove(0).replace('.', "/");
        let told: Vec<Value> = quoted(cells[2]).iter().map(|text| yaml(text)).collect();
        let given = baseline["spec"].pointer(&format!("/{field}")).unwrap();
        let is_so = |told: &Value| match told.as_object() {
            Some(fields) => fields.iter().all(|(name, value)| &given[name] == value),
            None => told == given,
        };
        assert!(told.iter().all(is_so), "{row}: {given}");
    }
}

#[test]
fn what_is_in_the_way_of_a_rollout_has_the_names_that_podsec_gives_it() {
    let page = read("docs/rollout.md");
    let section = page.split("\n## ").find(|section| section.starts_with("When something")).unwrap();
    let names: Vec<_> = first_cells(section).into_iter().flat_map(quoted).collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        assert!(StateReason::ALL.iter().any(|reason| reason.as_str() == name), "{name}");
    }
}
