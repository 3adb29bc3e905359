//! The site that `make site` builds, where it has been built: no link in it is dead.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{files_below, root};

/// Where `make site` puts it.
const SITE: &str = "target/site";

/// The values of an attribute in a page. Quotes in text are written out by whatever makes the page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    page.split(&begin).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// A file of the site by the way from another one; a folder means its list.
fn target(page: &Path, way: &str, files: &BTreeSet<PathBuf>) -> PathBuf {
    let mut path = page.parent().unwrap().to_path_buf();
    for part in way.split('/') {
        match part {
            "" | "." => {}
            ".." => assert!(path.pop(), "{}: {way} leads out of the site", page.display()),
            name => path.push(name),
        }
    }
    if files.contains(&path) { path } else { path.join("index.html") }
}

#[test]
#[ignore = "needs the built site; make test STAGES=site builds it where mdBook is there"]
fn the_built_site_has_no_dead_link() {
    let site = root(SITE);
    assert!(site.exists(), "{SITE} is not there: make site");
    let files = files_below(&site);
    let pages: BTreeMap<_, _> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "html"))
        .map(|file| (file.clone(), fs::read_to_string(site.join(file)).unwrap()))
        .collect();
    assert!(pages.len() > 20, "{:?}", pages.keys());
    let mut count = 0;
    for (page, text) in &pages {
        for link in ["href", "src"].into_iter().flat_map(|name| attributes(text, name)) {
            if link.contains(':') {
                continue;
            }
            count += 1;
            let (way, anchor) = link.split_once('#').unwrap_or((link, ""));
            let found = if way.is_empty() { page.clone() } else { target(page, way, &files) };
            assert!(files.contains(&found), "{}: {link} leads nowhere", page.display());
            if !anchor.is_empty() {
                let ids = attributes(&pages[&found], "id");
                assert!(ids.contains(&anchor), "{}: {link} leads nowhere", page.display());
            }
        }
    }
    assert!(count > 1000, "{count} links found");
}
