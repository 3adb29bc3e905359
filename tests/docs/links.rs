//! Links within the repository lead somewhere.

use std::path::Path;

use crate::{pages, read, root};

#[test]
fn links_within_the_repository_lead_somewhere() {
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) =
                link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let folder = Path::new(&page).parent().unwrap();
            let target = if file.is_empty() { page.clone() } else { folder.join(file).display().to_string() };
            assert!(root(&target).exists(), "{page}: {link} leads nowhere");
            if let Some(anchor) = anchor {
                assert!(anchors(&read(&target)).contains(&anchor.to_owned()), "{page}: {link} leads nowhere");
            }
        }
    }
    assert!(count >= 10, "{count} links found");
}

/// The anchors of a page's headings, as GitHub makes them.
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let texts = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    texts
        .map(|text| {
            let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}
