"""Which certificates are trusted: the configured authority, the environment's, the system's, the client's own."""

from collectors.authorities import authorities


def test_what_is_configured_goes_before_the_environment_and_that_before_the_system(monkeypatch, tmp_path):
    system, hashed, empty = tmp_path / "system.pem", tmp_path / "hashed", tmp_path / "empty"
    system.write_text("")
    for directory in (hashed, empty):
        directory.mkdir()
    (hashed / "1a2b3c4d.0").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    monkeypatch.setenv("SSL_CERT_DIR", str(hashed))
    assert authorities("/own.pem", "/bundle.pem") == "/own.pem"
    assert authorities("", "/bundle.pem") == "/bundle.pem"
    assert authorities("") == str(system)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    assert authorities("") == str(hashed)
    monkeypatch.setenv("SSL_CERT_DIR", str(empty))
    assert authorities("") is True
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "missing"))
    assert authorities("") is True
