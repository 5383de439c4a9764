"""Hosts that builds fetch packages from, for the CONNECT proxy's allow-list. Data, used where the caller says so.

All of them also carry data out (a request's path is enough): an allow-list narrows the way, it does not close it.
"""

from __future__ import annotations

REGISTRIES = (
    # Python
    "pypi.org",
    "files.pythonhosted.org",
    # JavaScript
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    # Rust
    "index.crates.io",
    "static.crates.io",
    "crates.io",
    "static.rust-lang.org",
    # Go
    "proxy.golang.org",
    "sum.golang.org",
    # Ruby, PHP, Java
    "rubygems.org",
    "index.rubygems.org",
    "repo.packagist.org",
    "repo.maven.apache.org",
    "repo1.maven.org",
    "plugins.gradle.org",
    # Debian and Ubuntu, where their sources are told as https
    "deb.debian.org",
    "security.debian.org",
    "archive.ubuntu.com",
    "security.ubuntu.com",
)
