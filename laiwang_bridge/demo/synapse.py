"""A real Synapse on loopback, started and stopped at will: for the demo, the tests and the benchmarks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from ruamel.yaml import YAML

from laiwang_bridge.demo import process
from laiwang_bridge.demo.environment import Say, synapse_python

_SECONDS_TO_START = 120.0
_SECONDS_TO_STOP = 15.0


class SynapseFailed(Exception):
    """Synapse did not start or did not do what was asked; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class FederationTls:
    """How other homeservers reach this one: a port on loopback and a certificate for `localhost`.

    Only certificates of `authority` are trusted when reaching others, so every homeserver needs one of the same.
    """

    port: int
    certificate: Path
    private_key: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class Access:
    """A login on a homeserver."""

    user_id: str
    access_token: str
    device_id: str


class Synapse(process.Program):
    """One homeserver with its data in `folder`, on SQLite, reachable on 127.0.0.1 only.

    It keeps its port and its data over `restart`. Without `federation` it talks to no other homeserver. `registrations`
    (files of application services) may be changed until the next start; `extra` is laid over homeserver.yaml.
    Nothing here belongs to an event loop, so one Synapse can serve many tests.
    """

    def __init__(
        self,
        folder: Path,
        server_name: str = "localhost",
        registrations: Iterable[Path] = (),
        *,
        rate_limits: bool = False,
        federation: FederationTls | None = None,
        default_room_version: str | None = None,
        extra: Mapping[str, Any] | None = None,
        log_level: str = "WARNING",
        say: Say | None = None,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.server_name = server_name
        self.registrations = list(registrations)
        self.port = process.free_port()
        self.client_url = f"http://127.0.0.1:{self.port}"
        self.config_path = folder / "homeserver.yaml"
        self.log_path = folder / "homeserver.log"
        self._rate_limits = rate_limits
        self._federation = federation
        self._default_room_version = default_room_version
        self._extra = dict(extra or {})
        self._log_level = log_level
        self._say: Say = say or (lambda _: None)
        self._secret = secrets.token_urlsafe(24)

    async def start(self) -> None:
        """Start and wait until it answers. Installs Synapse first where need be. Raises `SynapseFailed`."""
        if self.running:
            return
        python = await asyncio.to_thread(synapse_python, self._say)
        self._write_files()
        ours = ("SYNAPSE_", "PYTHONPATH", "PYTHONHOME")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        command: list[str | Path] = [python, "-m", "synapse.app.homeserver", "-c", self.config_path]
        with self.output_path.open("wb") as output:
            self._process = process.spawn(command, output=output, environment=environment, folder=self.folder)
        await self._wait_until_healthy(self._process)

    async def stop(self) -> None:
        """Shut down in order (SIGTERM), and by force when that takes too long."""
        if self._process is not None:
            await process.stop(self._process, patience=_SECONDS_TO_STOP)

    def kill(self) -> None:
        """End it without warning (SIGKILL)."""
        if self._process is not None:
            process.kill(self._process)

    async def restart(self) -> None:
        """Shut down in order and start again: same port, same data."""
        await self.stop()
        await self.start()

    async def register_user(self, localpart: str, password: str, *, admin: bool = False) -> Access:
        """Make an account through Synapse's shared-secret admin API. Raises `SynapseFailed`."""
        url = f"{self.client_url}/_synapse/admin/v1/register"
        async with ClientSession(timeout=ClientTimeout(30)) as session:
            async with session.get(url) as response:
                nonce = (await response.json())["nonce"]
            fields = [nonce, localpart, password, "admin" if admin else "notadmin"]
            signature = hmac.new(self._secret.encode(), "\0".join(fields).encode(), hashlib.sha1).hexdigest()
            body = {
                "nonce": nonce,
                "username": localpart,
                "password": password,
                "admin": admin,
                "mac": signature,
            }
            async with session.post(url, json=body) as response:
                answer = await response.json()
        if "access_token" not in answer:
            raise SynapseFailed(f"Synapse did not register {localpart}: {answer}")
        return Access(answer["user_id"], answer["access_token"], answer["device_id"])

    @property
    def output_path(self) -> Path:
        return self.folder / "homeserver.out"

    async def _wait_until_healthy(self, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            while running.poll() is None:
                try:
                    async with session.get(f"{self.client_url}/health") as response:
                        if response.status == 200:
                            return
                except (ClientError, TimeoutError):
                    pass
                if time.monotonic() > deadline:
                    self.kill()
                    raise self._failure(f"did not answer within {_SECONDS_TO_START:.0f} seconds")
                await asyncio.sleep(0.03)
        raise self._failure(f"ended at once with status {running.returncode}")

    def _failure(self, what: str) -> SynapseFailed:
        log = "\n".join(filter(None, (process.last_lines(path) for path in (self.log_path, self.output_path))))
        return SynapseFailed(f"Synapse {self.server_name} {what}. The end of its log:\n{log}")

    def _write_files(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        yaml = YAML()
        yaml.dump(self._configuration(), self.config_path)
        yaml.dump(self._log_configuration(), self.folder / "log.yaml")
        key = self.folder / "signing.key"
        if not key.exists():
            seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            key.write_text(f"ed25519 a_demo {seed}\n")
            key.chmod(0o600)

    def _configuration(self) -> dict[str, Any]:
        configuration: dict[str, Any] = {
            "server_name": self.server_name,
            "public_baseurl": f"{self.client_url}/",
            "pid_file": str(self.folder / "homeserver.pid"),
            "listeners": [self._listener(self.port, "client", tls=False)],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "log_config": str(self.folder / "log.yaml"),
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": self._secret,
            "form_secret": self._secret,
            "bcrypt_rounds": 4,
            "report_stats": False,
            "suppress_key_server_warning": True,
            "trusted_key_servers": [],
            "presence": {"enabled": False},
            "app_service_config_files": [str(path) for path in self.registrations],
        }
        if self._default_room_version is not None:
            configuration["default_room_version"] = self._default_room_version
        configuration |= self._federation_configuration()
        if not self._rate_limits:
            configuration |= _no_rate_limits()
        return configuration | self._extra

    def _federation_configuration(self) -> dict[str, Any]:
        if self._federation is None:
            return {"federation_domain_whitelist": []}
        return {
            "listeners": [
                self._listener(self.port, "client", tls=False),
                self._listener(self._federation.port, "federation", tls=True),
            ],
            "tls_certificate_path": str(self._federation.certificate),
            "tls_private_key_path": str(self._federation.private_key),
            "federation_verify_certificates": True,
            "federation_custom_ca_list": [str(self._federation.authority)],
            # Loopback is on the default list of addresses that a homeserver never calls.
            "ip_range_blacklist": [],
            "federation_ip_range_blacklist": [],
        }

    def _listener(self, port: int, resource: str, *, tls: bool) -> dict[str, Any]:
        return {
            "port": port,
            "type": "http",
            "tls": tls,
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": [resource]}],
        }

    def _log_configuration(self) -> dict[str, Any]:
        return {
            "version": 1,
            "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s"}},
            "filters": {"context": {"()": "synapse.logging.context.LoggingContextFilter", "request": ""}},
            "handlers": {
                "file": {
                    "class": "logging.FileHandler",
                    "filename": str(self.log_path),
                    "formatter": "plain",
                    "filters": ["context"],
                }
            },
            "root": {"level": self._log_level, "handlers": ["file"]},
            "disable_existing_loggers": False,
        }


def _no_rate_limits() -> dict[str, Any]:
    """Every limit of Synapse so high that nobody meets it."""
    plain = (
        "message", "registration", "registration_token_validity", "admin_redaction", "joins_per_room", "key_requests",
        "3pid_validation", "third_party_invite", "media_create", "delayed_event_mgmt", "room_creation", "reports",
        "user_directory", "profile",
    )  # fmt: skip
    nested = {
        "login": ("address", "account", "failed_attempts"),
        "joins": ("local", "remote"),
        "invites": ("per_room", "per_user", "per_issuer"),
        "presence": ("per_user",),
    }
    limits: dict[str, Any] = {f"rc_{name}": _unlimited() for name in plain}
    for name, parts in nested.items():
        limits[f"rc_{name}"] = {part: _unlimited() for part in parts}
    limits["rc_federation"] = {
        "window_size": 1000,
        "sleep_limit": 1_000_000,
        "sleep_delay": 1,
        "reject_limit": 1_000_000,
        "concurrent": 100,
    }
    return limits


def _unlimited() -> dict[str, int]:
    return {"per_second": 1_000_000, "burst_count": 1_000_000}
