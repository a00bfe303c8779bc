"""Bridges that are set up in every way that can be wrong, to be examined against one real homeserver."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from appservice import registration_file
from appservice.registration import Registration
from laiwang_bridge.check import Finding, Level, examine
from laiwang_bridge.config import Config
from laiwang_bridge.config_file import load_config
from laiwang_bridge.config_text import config_text
from laiwang_bridge.database import migrate
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.setup import CONFIG_NAME, REGISTRATION_NAME, init

DOMAIN = "localhost"

ConfigChange = Callable[[Config], Config]
RegistrationChange = Callable[[Registration], Registration]


def same_config(config: Config) -> Config:
    return config


def same_registration(registration: Registration) -> Registration:
    return registration


@dataclass(frozen=True, slots=True)
class SetUp:
    """One bridge as `init` makes it, with bot, users and port of its own."""

    folder: Path
    config: Config

    @property
    def config_path(self) -> Path:
        return self.folder / CONFIG_NAME

    @property
    def registration_path(self) -> Path:
        return self.folder / REGISTRATION_NAME

    @property
    def database(self) -> Path:
        return self.folder / "laiwang.db"

    @property
    def registration(self) -> Registration:
        return self.config.registration()

    def configure(self, change: ConfigChange) -> SetUp:
        """Change what the configuration says."""
        changed = change(self.config)
        self.config_path.write_text(config_text(changed), encoding="utf-8")
        return SetUp(self.folder, changed)

    def register(self, change: RegistrationChange = same_registration) -> SetUp:
        """Write the registration, changed as asked."""
        registration_file.write(change(self.registration), self.registration_path)
        return self

    async def findings(self, *, clock_behind: float = 0.0) -> list[Finding]:
        """What `laiwang-bridge check` finds on a machine whose clock is so many seconds behind."""
        return [finding async for finding in examine(self.config_path, {}, lambda: time.time() - clock_behind)]

    async def troubles(self, *, clock_behind: float = 0.0) -> dict[str, Finding]:
        """Everything that is not well, by its code."""
        found = await self.findings(clock_behind=clock_behind)
        return {finding.code: finding for finding in found if finding.level in (Level.FAIL, Level.WARN)}


def set_up(folder: Path, name: str, homeserver_url: str) -> SetUp:
    """A bridge of which nothing is wrong, with its tables made and its registration written."""
    port = free_port()
    init(folder / name, domain=DOMAIN, homeserver_address=homeserver_url, address=f"http://127.0.0.1:{port}")
    config = load_config(folder / name / CONFIG_NAME, {})
    made = SetUp(folder / name, config).configure(
        lambda config: replace(
            config,
            appservice=replace(
                config.appservice,
                id=name,
                bot_localpart=name,
                user_prefix=f"_{name}_",
                alias_prefixes=(f"_{name}_",),
            ),
            contacts=replace(config.contacts, bot_localpart=f"{name}-contacts"),
            payments=replace(config.payments, bot_localpart=f"{name}-pay"),
        )
    )
    migrate(made.config.database.url)
    return made.register()
