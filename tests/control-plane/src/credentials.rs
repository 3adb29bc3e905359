//! Certificates, tokens and kubeconfig files of one cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::error::{Doing as _, Error};

/// The user that may do everything, whose requests also pass by API priority and fairness.
pub(crate) const ADMIN: &str = "admin";
/// The user of kwok.
pub(crate) const KWOK: &str = "kwok";
/// The user of Flux, who may do everything.
pub(crate) const FLUX: &str = "flux";
/// The users whose rights the API server itself brings along.
pub(crate) const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";
/// See [`CONTROLLER_MANAGER`].
pub(crate) const SCHEDULER: &str = "system:kube-scheduler";

/// The administrator's kubeconfig file.
pub(crate) const ADMIN_KUBECONFIG: &str = "kubeconfig";

const OWN: [&str; 5] = [ADMIN, KWOK, FLUX, CONTROLLER_MANAGER, SCHEDULER];
const MASTERS: &str = "system:masters";

/// The keys of one cluster, written into its folder.
#[derive(Debug)]
pub(crate) struct Credentials {
    folder: PathBuf,
    ca_pem: String,
    ca_der: Vec<u8>,
    tokens: BTreeMap<String, String>,
}

impl Credentials {
    /// Makes everything anew, for the control plane's own users and for `users`.
    pub(crate) fn create(folder: &Path, url: &str, users: &BTreeSet<String>) -> Result<Self, Error> {
        if let Some(own) = users.iter().find(|user| OWN.contains(&user.as_str())) {
            return Err(Error::ReservedUser(own.clone()));
        }
        let issuer = authority()?;
        let ca_pem = issuer.0.pem();
        let (certificate, key) = serving(&issuer.1)?;
        let accounts = KeyPair::generate()?;
        let secret = accounts.serialize_pem();
        let tokens: BTreeMap<String, String> = OWN
            .iter()
            .map(|own| String::from(*own))
            .chain(users.iter().cloned())
            .map(|user| (user.clone(), digest(&format!("{secret}{user}"))))
            .collect();
        let credentials = Self { folder: folder.to_owned(), ca_der: issuer.0.der().to_vec(), ca_pem, tokens };
        credentials.write("ca.crt", &credentials.ca_pem)?;
        credentials.write("serving.crt", &certificate)?;
        credentials.write("serving.key", &key)?;
        credentials.write("accounts.key", &secret)?;
        credentials.write("accounts.pub", &accounts.public_key_pem())?;
        credentials.write("tokens.csv", &credentials.token_file())?;
        for (user, token) in &credentials.tokens {
            credentials.write(&kubeconfig_name(user), &credentials.kubeconfig_text(url, user, token))?;
        }
        Ok(credentials)
    }

    /// A file of the folder, as an argument.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// A user's kubeconfig file.
    pub(crate) fn kubeconfig(&self, user: &str) -> Result<PathBuf, Error> {
        self.token(user)?;
        Ok(self.folder.join(kubeconfig_name(user)))
    }

    /// A user's token.
    pub(crate) fn token(&self, user: &str) -> Result<&str, Error> {
        self.tokens.get(user).map(String::as_str).ok_or_else(|| Error::UnknownUser(user.to_owned()))
    }

    /// The certificate authority, as PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The certificate authority, as DER.
    pub(crate) fn ca_der(&self) -> &[u8] {
        &self.ca_der
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        // Clients warn about a kubeconfig file that others may read.
        let opened = File::options().create(true).write(true).truncate(true).mode(0o600).open(&path);
        let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
        written.doing(|| format!("write {}", path.display()))
    }

    /// Lines of `token,user,uid,"groups"`.
    fn token_file(&self) -> String {
        self.tokens.iter().fold(String::new(), |mut text, (user, token)| {
            let group = if [ADMIN, KWOK, FLUX].contains(&user.as_str()) { MASTERS } else { "" };
            let name = user.replace('"', "\"\"");
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{token},\"{name}\",\"{name}\",\"{group}\"");
            text
        })
    }

    fn kubeconfig_text(&self, url: &str, user: &str, token: &str) -> String {
        let cluster = json!({"server": url, "certificate-authority": self.file("ca.crt")});
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "podsec", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "podsec", "context": {"cluster": "podsec", "user": user}}],
            "current-context": "podsec",
        })
        .to_string()
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A user's name may hold what a file's name should not, such as the colons of a service account.
fn kubeconfig_name(user: &str) -> String {
    if user == ADMIN {
        return String::from(ADMIN_KUBECONFIG);
    }
    let plain: String = user.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mark = digest(user);
    format!("kubeconfig-{plain}-{}", mark.get(..6).unwrap_or_default())
}

fn authority() -> Result<(rcgen::Certificate, Issuer<'static, KeyPair>), Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "podsec-control-plane");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate, Issuer::new(params, key)))
}

fn serving(issuer: &Issuer<'_, KeyPair>) -> Result<(String, String), Error> {
    let mut params = CertificateParams::new(["127.0.0.1", "localhost"].map(String::from))?;
    params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_cannot_name_itself_admin() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            Credentials::create(folder.path(), "https://127.0.0.1:1", &BTreeSet::from([ADMIN.to_owned()]))
                .unwrap_err();
        assert!(matches!(error, Error::ReservedUser(user) if user == ADMIN));
    }

    #[test]
    fn users_of_tests_are_in_no_group() {
        let folder = tempfile::tempdir().unwrap();
        let users = BTreeSet::from([String::from("system:serviceaccount:a:b")]);
        let credentials = Credentials::create(folder.path(), "https://127.0.0.1:1", &users).unwrap();
        let tokens = std::fs::read_to_string(credentials.file("tokens.csv")).unwrap();
        let line = tokens.lines().find(|line| line.contains("serviceaccount")).unwrap();
        assert!(line.ends_with(r#","system:serviceaccount:a:b","system:serviceaccount:a:b","""#), "{line}");
        assert!(credentials.kubeconfig("nobody").is_err());
    }
}
