"""Where the service may listen without tokens, and where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.auth.listening import check_listen_address
from errors import LedgerUnavailable, SettingsError
from storage.clients import tokens
from storage.database import open_database
from storage.settings import Settings
from tests.integration.storage.test_tokens import expire


class TestListening:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "127.1"])
    def test_on_loopback_no_token_is_needed(self, ledger: Settings, host: str) -> None:
        check_listen_address(host, ledger)

    @pytest.mark.parametrize(
        "host", ["0.0.0.0", "::", "", "0", "192.0.2.7", "::ffff:192.0.2.7", "::ffff:0.0.0.0"]
    )
    def test_elsewhere_a_usable_token_is_needed(self, ledger: Settings, host: str) -> None:
        for name in ("old", "gone"):
            tokens.create(name, "admin")
        expire("old")
        tokens.revoke("gone")
        with pytest.raises(SettingsError, match="fleetforge tokens create NAME --scope admin"):
            check_listen_address(host, ledger)
        tokens.create("good", "read")
        check_listen_address(host, ledger)

    def test_a_loopback_address_mapped_into_ipv6_is_loopback(self, ledger: Settings) -> None:
        check_listen_address("::ffff:127.0.0.1", ledger)

    def test_with_a_proxy_a_token_is_needed_on_loopback_too(self, ledger: Settings) -> None:
        proxied = ledger.model_copy(update={"trusted_proxies": ("10.0.0.1",)})
        with pytest.raises(SettingsError, match="no usable token"):
            check_listen_address("127.0.0.1", proxied)

    @pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "\ud800"])
    def test_an_unknown_host_is_refused(self, ledger: Settings, host: str) -> None:
        with pytest.raises(SettingsError, match="no such host"):
            check_listen_address(host, ledger)

    def test_without_a_database_the_check_fails(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, database_url=f"postgresql:///x?host={tmp_path}")
        open_database(settings)
        with pytest.raises(LedgerUnavailable):
            check_listen_address("0.0.0.0", settings)
