//! TLS: one crypto provider for the process, the platform's roots loaded once and only when a certificate is to be
//! checked, further roots from a file.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Kind};

/// The process's crypto provider, installed as its default on first use.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let provider = PROVIDER.get_or_init(|| {
        // Fails if another part of the process was first: then that one's is the process's.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let installed = CryptoProvider::get_default().cloned();
        installed.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
    });
    provider.clone()
}

/// A client's configuration that trusts the platform's roots and `extra` ones.
pub(super) fn client_config(extra: Vec<CertificateDer<'static>>) -> Result<ClientConfig, TlsError> {
    let provider = provider();
    let verifier = LazyVerifier { provider: provider.clone(), extra, inner: OnceLock::new() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous() // what rustls calls every verifier that is not its own; this one only postpones the platform's
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of a PEM file.
///
/// # Errors
/// Of kind `config`, when the file cannot be read, is no PEM or holds no certificate.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |code, text: String| Error::new(Kind::Config, code, text).with_place(path.display().to_string());
    let bytes = std::fs::read(path).map_err(|error| {
        wrong(
            "ca_file_unreadable",
            format!("the file of certificate authorities cannot be read: {}", crate::error::io_cause(&error)),
        )
    })?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found
        .map_err(|error| wrong("ca_file_not_pem", format!("the file of certificate authorities is no PEM: {error}")))?;
    if found.is_empty() {
        return Err(wrong("ca_file_empty", "the file of certificate authorities holds no certificate".to_owned())
            .with_hint("a certificate begins with `-----BEGIN CERTIFICATE-----`"));
    }
    let mut store = rustls::RootCertStore::empty();
    for certificate in &found {
        store
            .add(certificate.clone())
            .map_err(|error| wrong("ca_file_not_pem", format!("a certificate in the file cannot be used: {error}")))?;
    }
    Ok(found)
}

/// The platform's verifier, made when the first certificate comes: reading the platform's roots takes milliseconds that
/// a run against a local simulator need not spend.
#[derive(Debug)]
struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
    inner: OnceLock<Result<Verifier, TlsError>>,
}

impl LazyVerifier {
    fn inner(&self) -> Result<&Verifier, TlsError> {
        let verifier =
            self.inner.get_or_init(|| Verifier::new_with_extra_roots(self.extra.clone(), self.provider.clone()));
        verifier.as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        self.inner()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.inner()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.inner()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(content: &[u8]) -> Error {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, content).expect("it can be written");
        certificates(&path).expect_err("it is refused")
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_told_by_its_name() {
        let missing = certificates(Path::new("/nowhere/ca.pem")).expect_err("there is none");
        assert_eq!((missing.kind, missing.code), (Kind::Config, "ca_file_unreadable"));
        assert_eq!(missing.place.as_deref(), Some("/nowhere/ca.pem"));
        assert_eq!(refused(b"").code, "ca_file_empty");
        assert_eq!(refused(b"{}").code, "ca_file_empty");
        assert_eq!(refused(b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n").code, "ca_file_not_pem");
        assert_eq!(refused(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").code, "ca_file_not_pem");
    }

    #[test]
    fn a_configuration_reads_no_roots_until_a_certificate_comes() {
        let verifier = LazyVerifier { provider: provider(), extra: Vec::new(), inner: OnceLock::new() };
        assert!(!verifier.supported_verify_schemes().is_empty());
        assert!(verifier.inner.get().is_none());
        assert_eq!(client_config(Vec::new()).expect("a configuration").alpn_protocols[0], b"h2");
    }
}
