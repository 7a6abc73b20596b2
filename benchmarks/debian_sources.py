"""Debian packages of plain sources, pinned by SHA-256, unpacked as data: nothing of them is installed or run."""

from __future__ import annotations

from pathlib import Path

from .archives import debian

CACHE = Path(".cache/debian")

#: name -> (version, SHA-256 of the package for any architecture)
PINNED: dict[str, tuple[str, str]] = {
    "composer": ("2.5.5-1+deb12u5", "02540f1cb8a6ab8e829e5a56d2920497d98d9d482217854b84e01fdfb5e08b9f"),
    "php-monolog": ("2.9.1-1", "f8a26688b521e33cf6ef73b75ae5eac0cb026d986a336161456dd37dbb710681"),
    "php-symfony-console": (
        "5.4.53+dfsg-0+deb12u1",
        "64bd4cbdd9556ee3fd212e444a8df4aa0af00e09c81abb8634eff819a7bab62b",
    ),
    "php-twig": ("3.5.1-1+deb12u3", "a0ac1c8c28830e506ed8bd035d7dde4a2e9481adc7ce0138305576cab4c277c1"),
    "phpunit": ("9.6.7-1+deb12u1", "12e89b993efa7ba7fdc2be41511c859b79996b33c37a684354ef71c445a2b2f4"),
    "ruby-activesupport": (
        "2:6.1.7.10+dfsg-1~deb12u3",
        "788468e005814fe073d47dc2e63206611a6040882d0350f93c37dbd6c2998750",
    ),
    "ruby-rack": ("2.2.22-0+deb12u2", "7ba26a66f6981b48ac604c9b829de51bdfc5d5ec8f329cf823b0aab72f718354"),
    "ruby-rouge": ("3.30.0-2", "6dc70df7d84136ad5849c94a60e5dd1f56f7435cb4c3e14e938abff6df4235fb"),
    "ruby-sinatra": ("3.0.5-3+deb12u1", "7980ec9e78c5e48bf9062111c68296c183c8fb2bb0b522f85e3dc04129221323"),
    "ruby-thor": ("1.2.1-2", "509715d16039ee7336531718e2497d0f81ae125b9ee53f321dd909c2f03fd2e1"),
}


def fetch(name: str, cache: Path = CACHE) -> Path:
    """The unpacked package `name`; downloads it with apt-get at first use.

    Raises ValueError when the archive's digest is not the pinned one.
    """
    version, digest = PINNED[name]
    return debian(name, version, digest, cache / f"{name}-{version}")
