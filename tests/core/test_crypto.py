from __future__ import annotations

import pytest

from bot.core.crypto import (
    MasterKeyError,
    Vault,
    create_keys,
    open_vault,
    parse_master_key,
    rewrap,
)
from bot.core.errors import DataEncryptionException

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_a_ciphertext_reads_only_where_it_was_made() -> None:
    vault = open_vault(create_keys(OLD), OLD)
    blob = vault.encrypt(b"+15550100", b"contact/1/address")

    assert vault.decrypt(blob, b"contact/1/address") == b"+15550100"
    with pytest.raises(DataEncryptionException):
        vault.decrypt(blob, b"contact/2/address")


def test_equal_texts_have_different_ciphertexts_and_equal_fingerprints() -> None:
    vault = open_vault(create_keys(OLD), OLD)

    assert vault.encrypt(b"a", b"") != vault.encrypt(b"a", b"")
    assert vault.fingerprint("a") == vault.fingerprint("a")
    assert vault.fingerprint("a") != open_vault(create_keys(OLD), OLD).fingerprint("a")


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + bytes(60), b"\x01" + bytes(60)])
def test_what_is_no_ciphertext_of_ours_is_refused(blob: bytes) -> None:
    with pytest.raises(DataEncryptionException):
        Vault({1: OLD}, NEW).decrypt(blob, b"")


def test_a_new_data_key_leaves_the_old_ciphertexts_readable() -> None:
    before = Vault({1: OLD}, NEW)
    after = Vault({1: OLD, 2: NEW}, NEW)
    blob = before.encrypt(b"secret", b"place")

    assert after.decrypt(blob, b"place") == b"secret"
    with pytest.raises(DataEncryptionException, match="unknown key"):
        before.decrypt(after.encrypt(b"secret", b"place"), b"place")


def test_a_rewrapped_key_opens_with_the_new_master_key_only() -> None:
    keys = create_keys(OLD)
    blob = open_vault(keys, OLD).encrypt(b"secret", b"place")
    rewrapped = rewrap(keys, old=OLD, new=NEW)

    assert open_vault(rewrapped, NEW).decrypt(blob, b"place") == b"secret"
    with pytest.raises(MasterKeyError):
        open_vault(rewrapped, OLD)


@pytest.mark.parametrize("text", ["", "short", "!" * 44, "AAAA", "A" * 40])
def test_a_malformed_master_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(MasterKeyError) as refusal:
        parse_master_key(text)

    assert not text or text not in str(refusal.value)


def test_a_vault_does_not_print_its_keys() -> None:
    assert repr(Vault({1: OLD}, NEW)) == "Vault(1 data keys)"
