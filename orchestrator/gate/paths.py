"""Paths that mean something to the gate, wherever in the repository they stand; compared without case."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.model.globs import matches

PROTECTED: Mapping[str, tuple[str, ...]] = {
    "CI": (
        ".github/workflows/", ".github/actions/", ".gitea/workflows/", ".forgejo/workflows/", "**/action.yml",
        "**/action.yaml", ".gitlab-ci.yml", ".gitlab-ci.yaml", ".gitlab/ci/", ".circleci/", ".travis.yml",
        "azure-pipelines*.yml", "azure-pipelines*.yaml", ".azure-pipelines/", ".azuredevops/", "Jenkinsfile*",
        "bitbucket-pipelines.yml", ".drone.yml", ".drone.star", ".woodpecker*", ".buildkite/", "appveyor.yml",
        ".appveyor.yml", ".cirrus.yml", ".cirrus.star", ".semaphore/", "codemagic.yaml", ".teamcity/", ".tekton/",
        "cloudbuild.yaml", "cloudbuild.yml", "buildspec.yml", "buildspec.yaml", ".build.yml", ".builds/",
        ".taskcluster.yml", "bors.toml", ".mergify.yml", ".mergify/", "dagger.json", ".ci/", "wercker.yml",
        ".zuul.yaml", ".zuul.d/", ".prow.yaml", ".testing-farm.yaml", ".packit.yaml", "netlify.toml", "vercel.json",
    ),
    "rules of the repository": (
        "CODEOWNERS", "OWNERS", ".github/settings.yml", ".github/dependabot.yml", ".github/dependabot.yaml",
        ".github/rulesets/", ".github/policy.yml", "renovate.json*", ".renovaterc*", "codecov.yml", ".codecov.yml",
    ),
    "configuration of agents": (
        ".claude", ".claude.json", ".claude-plugin", ".codex", ".cursor", ".cursorrules", ".cursorignore", ".gemini",
        ".geminiignore", ".qwen", ".kimi", ".grok", ".opencode", "opencode.json*", ".mcp.json", "mcp.json", ".mcp/",
        "AGENTS.md", "AGENTS.*.md", "AGENT.md", "CLAUDE.md", "CLAUDE.*.md", "GEMINI.md", "QWEN.md", "KIMI.md",
        "GROK.md", ".github/copilot*", ".github/instructions/", ".github/prompts/", ".github/agents/",
        ".github/chatmodes/", ".github/skills/", ".github/hooks/", ".copilot", ".aider*", ".clinerules*", ".cline",
        ".clineignore", ".roo", ".roorules*", ".roomodes", ".rooignore", ".windsurf", ".windsurfrules", ".kiro",
        ".continue", ".continuerc*", ".agents", ".agent", ".ampcode", ".augment", ".augment-guidelines", ".junie",
        ".crush*", "crush.json", ".goosehints", ".goose", ".trae", ".devin", ".openhands", ".mini-swe-agent*",
        ".factory", ".warp", "WARP.md", ".rules", ".aiignore", ".zed", ".vscode", ".idea", ".devcontainer",
        ".devcontainer.json", ".env", ".env.*", ".envrc", "mise.toml", ".mise.toml", ".mise",
    ),
    "what agents are told": ("/STRATEGY.md", "/PLANNING_PRINCIPLES.md"),
    "git's own settings": (
        ".gitattributes", ".gitmodules", ".gitconfig", ".githooks", ".husky", ".lefthook*", "lefthook.y*ml",
        ".pre-commit-config.y*ml", ".pre-commit-hooks.y*ml", ".lintstagedrc*", ".overcommit.yml", ".lfsconfig",
    ),
    "configuration of tests": (
        "pytest.ini", ".pytest.ini", "tox.ini", ".coveragerc", "noxfile.py", "sitecustomize.py", "usercustomize.py",
        "*.pth", "jest.config.*", "jest.setup.*", "vitest.config.*", "vitest.workspace.*", ".mocharc*", "karma.conf.*",
        "playwright.config.*", "cypress.config.*", "phpunit.xml*", ".rspec", "codeception.yml", ".nycrc*",
    ),
    "licence": (
        "LICENSE", "LICENSE.md", "LICENSE.txt", "LICENSE.rst", "/LICENSE-*", "LICENCE", "LICENCE.md", "LICENCE.txt",
        "LICENCE.rst", "/LICENCE-*", "COPYING*", "NOTICE", "NOTICE.md", "NOTICE.txt", "UNLICENSE", "PATENTS",
        "/LICENSES/",
    ),
    "the program's own files": ("/config.yaml", "/objectives/", ".agent_result.md", "/.agent-os/"),
}  # fmt: skip
"""Why a change there waits for a person -> globs. A glob with a slash inside counts from the root."""

EXAMPLES: tuple[str, ...] = (".env.example", ".env.sample", ".env.template", ".env.dist")
"""Nothing reads these."""

PAGES: tuple[str, ...] = ("/agents.md", "/agent.md")
"""In small letters and below the root it is a page about agents; their programs read `AGENTS.md`."""

LOCKS: tuple[str, ...] = (
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock",
    "poetry.lock", "pdm.lock", "uv.lock", "pylock.toml", "pylock.*.toml", "Pipfile.lock", "conda-lock.y*ml",
    "pixi.lock", "Cargo.lock", "go.sum", "go.work.sum", "Gemfile.lock", "gems.locked", "composer.lock",
    "packages.lock.json", "paket.lock", "mix.lock", "pubspec.lock", "Package.resolved", "Podfile.lock",
    "Cartfile.resolved", "gradle.lockfile", "buildscript-gradle.lockfile", "flake.lock", "MODULE.bazel.lock",
    ".terraform.lock.hcl", "stack.yaml.lock", "cabal.project.freeze", "rebar.lock", "conan.lock", "shard.lock",
)  # fmt: skip

MANIFESTS: tuple[str, ...] = (
    "package.json", "pnpm-workspace.yaml", "*requirements*.txt", "*requirements*.in", "**/requirements/*.txt",
    "**/requirements/*.in", "constraints*.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile",
    "environment.y*ml", "pixi.toml", "Cargo.toml", "go.mod", "go.work", "Gemfile", "gems.rb", "*.gemspec",
    "composer.json", "pom.xml", "build.gradle*", "settings.gradle*", "libs.versions.toml", "*.csproj", "*.fsproj",
    "*.vbproj", "Directory.Packages.props", "Directory.Build.props", "Directory.Build.targets", "packages.config",
    "paket.dependencies", "mix.exs", "pubspec.yaml", "Package.swift", "Podfile", "Cartfile", "deno.json*", "jsr.json",
    "flake.nix", "MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel", "conanfile.*", "vcpkg.json", "cpanfile",
    "build.sbt", "stack.yaml", "*.cabal", "rebar.config", "dub.json", "shard.yml", "*.rockspec", "bower.json",
)  # fmt: skip

SOURCES: tuple[str, ...] = (
    ".npmrc", ".yarnrc", ".yarnrc.y*ml", ".pnpmfile.*", "/.yarn/", "bunfig.toml", "pip.conf", "pip.ini", "uv.toml",
    ".pypirc", ".condarc", "**/.cargo/config", "**/.cargo/config.toml", "nuget.config", "**/.bundle/config", ".gemrc",
    ".mvn/", "gradle-wrapper.properties", "gradle-wrapper.jar", "init.gradle*", ".bazelrc", "auth.json",
)  # fmt: skip
"""Where packages come from."""

HOOKS: tuple[str, ...] = ("setup.py", "build.rs", "binding.gyp", "hatch_build.py", "build_hooks.py", "extconf.rb")
"""Run by themselves when the package is installed or built."""

GENERATED: tuple[str, ...] = (
    "*.min.js", "*.min.css", "*_pb2.py", "*_pb2_grpc.py", "*.pb.go", "*.generated.*", "*.g.dart", "*.designer.cs",
    "node_modules/", "vendor/", "third_party/", "dist/", "__snapshots__/",
)  # fmt: skip
"""Not written by hand: their length says nothing."""

CODE: tuple[str, ...] = (
    "*.py", "*.pyx", "*.pyi", "*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.mts", "*.cts", "*.vue", "*.svelte",
    "*.go", "*.rs", "*.java", "*.kt", "*.kts", "*.scala", "*.groovy", "*.c", "*.h", "*.cc", "*.cpp", "*.cxx", "*.hpp",
    "*.hh", "*.m", "*.mm", "*.cs", "*.fs", "*.vb", "*.rb", "*.php", "*.pl", "*.pm", "*.lua", "*.r", "*.jl", "*.dart",
    "*.swift", "*.ex", "*.exs", "*.erl", "*.hrl", "*.hs", "*.ml", "*.mli", "*.clj", "*.cljs", "*.elm", "*.zig",
    "*.nim", "*.d", "*.pas", "*.sh", "*.bash", "*.zsh", "*.fish", "*.ps1", "*.sql", "*.tf", "*.cmake", "*.gradle",
    "*.sol", "*.v", "*.sv", "*.vhd", "*.asm", "*.s",
)  # fmt: skip


def is_code(path: str) -> bool:
    """By the file's own name: a folder may be called `conf.d`."""
    return matches(path.rsplit("/", 1)[-1], CODE)


def is_handwritten(path: str) -> bool:
    """A source file whose length says something."""
    return is_code(path) and not matches(path, GENERATED)
