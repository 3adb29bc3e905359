//! Reading manifests from files and standard input, with file and line.
//!
//! Here goes what turns YAML and JSON into pods and templates. It may read files; it talks to no cluster and judges
//! nothing. Nothing has moved in yet.
