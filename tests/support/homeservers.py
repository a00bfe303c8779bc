"""Homeservers and people for tests; whoever makes them here need not tidy up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from laiwang_bridge.demo.person import Person
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.demo.synapse import FederationTls, Synapse


class SynapseFactory:
    """Makes Synapses in `folder`, each with a folder of its own; `close` ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Synapse] = []

    async def __call__(
        self,
        server_name: str = "localhost",
        registrations: Iterable[Path] = (),
        *,
        rate_limits: bool = False,
        default_room_version: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Synapse:
        """A Synapse that is up."""
        synapse = self.prepare(
            server_name,
            registrations,
            rate_limits=rate_limits,
            default_room_version=default_room_version,
            extra=extra,
        )
        await synapse.start()
        return synapse

    def prepare(self, server_name: str = "localhost", registrations: Iterable[Path] = (), **options: Any) -> Synapse:
        """A Synapse that was not started yet: its port is known, its registrations can still be added."""
        synapse = Synapse(self._folder / f"synapse-{len(self._made)}", server_name, registrations, **options)
        self._made.append(synapse)
        return synapse

    def close(self) -> None:
        for synapse in self._made:
            synapse.kill()


@dataclass(frozen=True, slots=True)
class FederatedPair:
    """Two homeservers that reach each other over TLS on loopback."""

    first: Synapse
    second: Synapse

    async def start(self) -> None:
        # One after the other: together they are no quicker on two cores.
        await self.first.start()
        await self.second.start()


class FederatedPairFactory:
    """Prepares pairs of homeservers named `localhost:<port>`; add registrations, then start the pair."""

    def __init__(self, folder: Path, synapses: SynapseFactory) -> None:
        self._folder = folder
        self._synapses = synapses

    def __call__(self, *, strangers: bool = False, **options: Any) -> FederatedPair:
        """`options` go to both Synapses. Strangers do not trust the authority that certified the other."""
        authority = trustme.CA()
        other = trustme.CA() if strangers else authority
        return FederatedPair(self._prepare(authority, options), self._prepare(other, options))

    def _prepare(self, authority: trustme.CA, options: Mapping[str, Any]) -> Synapse:
        tls = self._certify(authority)
        return self._synapses.prepare(f"localhost:{tls.port}", federation=tls, **options)

    def _certify(self, authority: trustme.CA) -> FederationTls:
        port = free_port()
        folder = self._folder / f"tls-{port}"
        folder.mkdir()
        tls = FederationTls(port, folder / "server.crt", folder / "server.key", folder / "authority.pem")
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(str(tls.private_key))
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(str(tls.certificate), append=True)
        authority.cert_pem.write_to_path(str(tls.authority))
        return tls


class People:
    """Registers people and logs them in; `close` lets all of them go."""

    def __init__(self) -> None:
        self._made: list[Person] = []

    async def __call__(self, synapse: Synapse, name: str, *, accept_invites: bool = True) -> Person:
        """Somebody new on that homeserver, logged in and listening."""
        await synapse.register_user(name, f"{name}'s password")
        return await self.log_in(synapse, name, accept_invites=accept_invites)

    async def log_in(
        self, synapse: Synapse, name: str, *, accept_invites: bool = True, homeserver_url: str | None = None
    ) -> Person:
        """Another client of somebody who was made here before; `homeserver_url` may lead through a proxy."""
        person = Person(homeserver_url or synapse.client_url, name, accept_invites=accept_invites)
        self._made.append(person)
        await person.log_in(f"{name}'s password")
        return person

    async def close(self) -> None:
        for person in self._made:
            await person.close()
