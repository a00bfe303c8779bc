"""Merchant rails from the configuration: keys in files, and what is missing is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from laiwang_bridge.config_file import ConfigError, parse_config
from laiwang_bridge.from_config import merchants
from tests.unit.laiwang_bridge.configurations import AS_TOKEN, HS_TOKEN
from tests.unit.laiwang_bridge.payments.rails.keys import our_key, private_text, public_text, their_key

BEGIN = f"""
homeserver: {{domain: example.org}}
appservice: {{as_token: {AS_TOKEN}, hs_token: {HS_TOKEN}}}
"""
PUBLIC = "payments: {public_address: 'https://pay.example.org'}\n"
ALIPAY = """
alipay:
  holder: '@mei:example.org'
  app_id: '2021'
  seller_id: '2088'
  private_key_file: alipay.key
  alipay_public_key_file: alipay.pub
"""
STRIPE = """
stripe: {holder: '@mei:example.org', secret_key: sk_test, webhook_secret: whsec_test}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alipay.key").write_text(private_text(our_key(), Encoding.PEM))
    (tmp_path / "alipay.pub").write_text(public_text(their_key()) + "\n")
    return tmp_path


def test_keys_may_stand_in_files_of_their_own(folder: Path) -> None:
    config = parse_config(BEGIN + PUBLIC + ALIPAY + STRIPE, source="the test", folder=folder, environ={})
    found = merchants(config)
    assert {name: rail.holder for name, rail in found.items()} == {
        "alipay": "@mei:example.org",
        "stripe": "@mei:example.org",
    }


def test_without_an_account_there_are_none() -> None:
    assert merchants(parse_config(BEGIN, source="the test", folder=Path(), environ={})) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BEGIN + STRIPE, "payments.public_address"),
        (BEGIN + PUBLIC + STRIPE.replace("whsec_test", "''"), "stripe.webhook_secret"),
        (BEGIN + PUBLIC + STRIPE.replace("@mei:example.org", "mei"), "stripe.holder"),
        (BEGIN + PUBLIC + ALIPAY.replace("alipay.pub", "alipay.key"), "alipay.alipay_public_key"),
        (BEGIN + PUBLIC + ALIPAY.replace("app_id: '2021'", "app_id: ''"), "alipay.app_id"),
    ],
    ids=["address", "secret", "holder", "key", "app"],
)
def test_what_is_missing_or_wrong_is_said_and_no_key_is_shown(folder: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, source="the test", folder=folder, environ={})
    assert said in str(caught.value)
    assert private_text(our_key())[40:80] not in str(caught.value)
