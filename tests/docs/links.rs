//! Links within the repository lead somewhere, on a forge and in the site that `make site` builds.
//!
//! Both have the files in the same places, so a link that leads to a file here leads to it there, if the site has it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{files_below, read, root};

/// The table of contents of the site.
const SUMMARY: &str = "docs/SUMMARY.md";

/// What puts the site together.
const SITE: &str = "docs/site/build.sh";

/// Every Markdown file of the repository.
fn markdown() -> Vec<String> {
    let files = files_below(&root("")).into_iter().filter(|file| is_markdown(file));
    files.map(|file| file.display().to_string()).collect()
}

fn is_markdown(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "md")
}

fn events(page: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new_ext(page, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS)
}

/// The targets of links and images.
fn links(page: &str) -> Vec<String> {
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.into_string())
        }
        Event::Html(html) | Event::InlineHtml(html) => {
            let has_link = ["href=", "src="].iter().any(|attribute| html.contains(attribute));
            assert!(!has_link, "a link in HTML, where nobody looks for it: {html}");
            None
        }
        _ => None,
    };
    events(page).filter_map(target).collect()
}

/// The texts of the headings.
fn headings(page: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut is_inside = false;
    for event in events(page) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                is_inside = true;
                texts.push(String::new());
            }
            Event::End(TagEnd::Heading(_)) => is_inside = false,
            Event::Text(text) | Event::Code(text) if is_inside => texts.last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    texts
}

/// The anchors of a page's headings that are the same on a forge and in the site.
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let headings = headings(page);
    let pairs = on_a_forge(&headings).into_iter().zip(in_the_site(&headings));
    pairs.filter(|(forge, site)| forge == site).map(|(anchor, _)| anchor).collect()
}

/// As GitHub makes them: of white space only the blank counts, and what comes again is numbered by how often it came.
fn on_a_forge(headings: &[String]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchor = |text: &String| {
        let lower = text.trim().to_lowercase();
        let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let base: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(base.clone()).or_default();
        *count += 1;
        if *count == 1 { base } else { format!("{base}-{}", *count - 1) }
    };
    headings.iter().map(&mut anchor).collect()
}

/// As mdBook makes them: all white space counts, and what comes again gets the first number that is free.
fn in_the_site(headings: &[String]) -> Vec<String> {
    let mut used = HashSet::new();
    let mut anchor = |text: &String| {
        let lower = text.trim().to_lowercase();
        let kept =
            lower.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '-' | '_'));
        let base: String = kept.map(|c| if c.is_whitespace() { '-' } else { c }).collect();
        let numbered = (1..).map(|number| format!("{base}-{number}"));
        let free = [base.clone()].into_iter().chain(numbered).find(|anchor| used.insert(anchor.clone()));
        free.unwrap()
    };
    headings.iter().map(&mut anchor).collect()
}

/// A link of a page, as the path of a file in the repository and an anchor there.
fn resolved(page: &str, link: &str) -> (String, Option<String>) {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let mut path = PathBuf::from(page);
    if !file.is_empty() {
        path.pop();
        for part in Path::new(file).components() {
            match part {
                Component::ParentDir => assert!(path.pop(), "{page}: {link} leads out of the repository"),
                Component::Normal(name) => path.push(name),
                Component::CurDir => {}
                _ => panic!("{page}: {link} is not relative"),
            }
        }
    }
    (path.display().to_string(), anchor.map(ToOwned::to_owned))
}

fn is_elsewhere(link: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

/// The pages that the table of contents has, in its order.
fn contents() -> Vec<String> {
    links(&read(SUMMARY)).iter().map(|link| resolved(SUMMARY, link).0).collect()
}

/// Whether the site has a file: as a page, or as it is.
fn is_in_the_site(path: &str, contents: &[String], copied: &[String]) -> bool {
    if is_markdown(path.as_ref()) {
        return contents.iter().any(|page| page == path);
    }
    copied.iter().any(|copied| Path::new(path).starts_with(copied))
}

#[test]
fn links_within_the_repository_lead_somewhere() {
    let (contents, copied) = (contents(), copied());
    let mut count = 0;
    for page in markdown() {
        for link in links(&read(&page)) {
            if is_elsewhere(&link) {
                continue;
            }
            count += 1;
            let (target, anchor) = resolved(&page, &link);
            assert!(root(&target).exists(), "{page}: {link} leads nowhere");
            if let Some(anchor) = anchor {
                assert!(anchors(&read(&target)).contains(&anchor), "{page}: {link} leads nowhere");
            }
            if contents.contains(&page) {
                let is_there = is_in_the_site(&target, &contents, &copied);
                assert!(is_there, "{page}: {link} leads nowhere in the site: {SITE} does not copy it");
            }
        }
    }
    assert!(count >= 150, "{count} links found");
}

#[test]
fn the_contents_have_every_page_once() {
    let contents = contents();
    let unique: BTreeSet<_> = contents.iter().cloned().collect();
    assert_eq!(unique.len(), contents.len(), "{contents:#?}");
    let pages = markdown().into_iter().filter(|page| {
        let is_of_the_top = !page.contains('/');
        (is_of_the_top || page.starts_with("docs/")) && page != SUMMARY
    });
    assert_eq!(unique, pages.collect());
}

/// What is copied into the site.
fn copied() -> Vec<String> {
    let script = read(SITE);
    let line = script.lines().find_map(|line| line.strip_prefix("copied=\"")).unwrap();
    let copied: Vec<_> = line.trim_end_matches('"').split(' ').map(ToOwned::to_owned).collect();
    assert!(copied.iter().all(|path| root(path).exists()), "{copied:?}");
    copied
}

#[test]
fn anchors_that_differ_are_none() {
    let page = "# A_b `c.d[]`\n\n```console\n# no heading\n```\n\n## Two\n## Two-1\n## Two\n## no\u{a0}break";
    assert_eq!(on_a_forge(&headings(page)), ["a_b-cd", "two", "two-1", "two-1", "nobreak"]);
    assert_eq!(in_the_site(&headings(page)), ["a_b-cd", "two", "two-1", "two-2", "no-break"]);
    assert_eq!(anchors(page), ["a_b-cd", "two", "two-1"]);
}
